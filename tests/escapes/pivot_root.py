# SPDX-License-Identifier: Apache-2.0
"""The root of the mount tree is exchanged for another."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

PIVOT_ROOT = 155


def attempt(stage: Stage) -> object:
    return syscall(PIVOT_ROOT, bytes(stage.top.parent), bytes(stage.work))


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_admin"))
