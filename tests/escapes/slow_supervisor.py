# SPDX-License-Identifier: Apache-2.0
"""A process outside is made to wait for all others: setpriority."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.setpriority(os.PRIO_PROCESS, stage.supervisor, 19)


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/nice"))
