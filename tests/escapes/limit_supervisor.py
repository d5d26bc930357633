# SPDX-License-Identifier: Apache-2.0
"""A process outside gets another limit: prlimit."""

import resource

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return resource.prlimit(stage.supervisor, resource.RLIMIT_CORE, (0, 0))


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/limits"))
