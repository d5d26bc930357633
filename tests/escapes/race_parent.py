# SPDX-License-Identifier: Apache-2.0
"""A directory moves up while a path climbs out of it with parent directories."""

import os

from tests.escapes.kit import Denied, Escape, Race, Stage
from tests.escapes.race import race


def attempt(stage: Stage) -> Race:
    deep, shallow = stage.work / "a/b/c", stage.work / "c"
    deep.mkdir(parents=True)
    (stage.work / "a/outside").mkdir()
    (stage.work / "a/outside/secret").write_bytes(b"own\n")
    start = os.open(deep, os.O_PATH)

    def flip(turn: int) -> None:
        if turn % 2:
            deep.rename(shallow)
        else:
            shallow.rename(deep)

    def read() -> bytes:
        fd = os.open("../../outside/secret", os.O_RDONLY, dir_fd=start)
        try:
            return os.read(fd, 99)
        finally:
            os.close(fd)

    return race(flip, read)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
