# SPDX-License-Identifier: Apache-2.0
"""Which kernel objects a process outside shares is asked, to find their addresses: kcmp."""

import os

from tests.escapes.kit import Denied, Escape, Stage, syscall

KCMP = 312
KCMP_VM = 1


def attempt(stage: Stage) -> object:
    return syscall(KCMP, os.getpid(), stage.supervisor, KCMP_VM, 0, 0)


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/ptrace"))
