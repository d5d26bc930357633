# SPDX-License-Identifier: Apache-2.0
"""Characters are put into the terminal that the agent was started from: TIOCSTI (CVE-2017-5226)."""

import fcntl
import termios

from tests.escapes import peers
from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return fcntl.ioctl(stage.given, termios.TIOCSTI, b"x")


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("fs", "{terminal}"),
    caps=("fs:{terminal}:read_file,write_file",),
    prepare=peers.terminal,
)
