# SPDX-License-Identifier: Apache-2.0
"""A name for what an O_PATH descriptor refers to: linkat with AT_EMPTY_PATH."""

import os

from tests.escapes.kit import Denied, Escape, Stage, call

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000


def attempt(stage: Stage) -> object:
    fd = os.open(stage.secret, os.O_PATH)
    mine = stage.work / "mine"
    call("linkat", fd, b"", AT_FDCWD, bytes(mine), AT_EMPTY_PATH)
    return mine.read_bytes()


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
