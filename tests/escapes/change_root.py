# SPDX-License-Identifier: Apache-2.0
"""The classic way out of a changed root begins with changing it again."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

CHROOT = 161


def attempt(stage: Stage) -> object:
    return syscall(CHROOT, bytes(stage.work))


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_chroot"))
