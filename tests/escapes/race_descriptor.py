# SPDX-License-Identifier: Apache-2.0
"""The file behind a descriptor changes between being looked at and being read."""

import os

from tests.escapes.kit import Denied, Escape, Race, Stage
from tests.escapes.race import race


def prepare(stage: Stage) -> int:
    fd = os.open(stage.secret, os.O_RDONLY)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> Race:
    own = os.open(stage.work / "file", os.O_RDONLY)
    used = os.dup(own)

    def flip(turn: int) -> None:
        os.dup2(stage.given if turn % 2 else own, used)

    return race(flip, lambda: os.pread(used, 99, 0))


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), prepare=prepare)
