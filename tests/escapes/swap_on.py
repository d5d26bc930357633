# SPDX-License-Identifier: Apache-2.0
"""A file of one's own becomes the memory of others."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

SWAPON = 167


def attempt(stage: Stage) -> object:
    return syscall(SWAPON, bytes(stage.work / "file"), 0)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_admin"))
