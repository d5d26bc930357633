# SPDX-License-Identifier: Apache-2.0
"""A mount loses its read-only or its nosuid: mount_setattr."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

MOUNT_SETATTR = 442


def attempt(stage: Stage) -> object:
    return syscall(MOUNT_SETATTR, -100, bytes(stage.top.parent), 0, bytes(32), 32)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_admin"))
