# SPDX-License-Identifier: Apache-2.0
"""A file that may only be read, left open for writing, is mapped shared."""

import mmap
import os

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> int:
    fd = os.open(stage.shared / "file", os.O_RDWR)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    with mmap.mmap(stage.given, 0) as memory:
        memory[:3] = b"not"
    return None


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{shared}/file"), prepare=prepare)
