# SPDX-License-Identifier: Apache-2.0
"""A process outside gets its disk accesses last: ioprio_set."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

IOPRIO_SET = 251
IOPRIO_WHO_PROCESS = 1
IDLE = 3 << 13


def attempt(stage: Stage) -> object:
    return syscall(IOPRIO_SET, IOPRIO_WHO_PROCESS, stage.supervisor, IDLE)


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/ioprio"))
