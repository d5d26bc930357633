# SPDX-License-Identifier: Apache-2.0
"""A process outside is given another scheduling class: sched_setscheduler."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.sched_setscheduler(stage.supervisor, os.SCHED_IDLE, os.sched_param(0))


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/scheduler"))
