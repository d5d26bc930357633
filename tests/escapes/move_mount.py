# SPDX-License-Identifier: Apache-2.0
"""A mount is moved elsewhere: move_mount, past filters of mount() (CVE-2021-41133)."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

MOVE_MOUNT = 429


def attempt(stage: Stage) -> object:
    return syscall(MOVE_MOUNT, -100, bytes(stage.top.parent), -100, bytes(stage.work), 0)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_admin"))
