# SPDX-License-Identifier: Apache-2.0
"""A file that may be read is made immutable, or loses that, by ioctl: FS_IOC_SETFLAGS."""

import fcntl
import os

from tests.escapes.kit import Denied, Escape, Stage

FS_IOC_SETFLAGS = 0x40086602


def attempt(stage: Stage) -> object:
    fd = os.open(stage.shared / "file", os.O_RDONLY)
    return fcntl.ioctl(fd, FS_IOC_SETFLAGS, bytes(8))


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{shared}/file"))
