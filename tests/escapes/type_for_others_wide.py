# SPDX-License-Identifier: Apache-2.0
"""TIOCSTI with bits that a filter compares and the kernel drops (CVE-2019-10063)."""

import termios

from tests.escapes import peers
from tests.escapes.kit import Denied, Escape, Stage, syscall

IOCTL = 16


def attempt(stage: Stage) -> object:
    return syscall(IOCTL, stage.given, termios.TIOCSTI | 1 << 32, b"x")


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("fs", "{terminal}"),
    caps=("fs:{terminal}:read_file,write_file",),
    prepare=peers.terminal,
)
