# SPDX-License-Identifier: Apache-2.0
"""The path in the caller's memory changes while the kernel looks at it."""

import ctypes
import os

from tests.escapes.kit import Denied, Escape, Race, Stage, call
from tests.escapes.race import race


def attempt(stage: Stage) -> Race:
    (stage.work / "outside").mkdir()
    (stage.work / "outside/secret").write_bytes(b"own\n")
    own, other = (bytes(top / "outside/secret") + b"\0" for top in (stage.work, stage.top))
    size = max(len(own), len(other))
    path = ctypes.create_string_buffer(own, size)

    def flip(turn: int) -> None:
        ctypes.memmove(path, (other if turn % 2 else own).ljust(size, b"\0"), size)

    def read() -> bytes:
        fd = call("open", path, os.O_RDONLY)
        try:
            return os.read(fd, 99)
        finally:
            os.close(fd)

    return race(flip, read)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
