# SPDX-License-Identifier: Apache-2.0
"""The kernel copies between two descriptors, one of them left open: copy_file_range."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> int:
    fd = os.open(stage.secret, os.O_RDONLY)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    mine = os.open(stage.work / "mine", os.O_RDWR | os.O_CREAT)
    os.copy_file_range(stage.given, mine, 99)
    return os.pread(mine, 99, 0)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), prepare=prepare)
