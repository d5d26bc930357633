# SPDX-License-Identifier: Apache-2.0
"""A file without a name is given one outside: O_TMPFILE, then linkat."""

import os

from tests.escapes.kit import Denied, Escape, Stage, call

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000


def attempt(stage: Stage) -> object:
    fd = os.open(stage.work, os.O_TMPFILE | os.O_RDWR)
    os.write(fd, b"planted")
    return call("linkat", fd, b"", AT_FDCWD, bytes(stage.outside / "new"), AT_EMPTY_PATH)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/new"))
