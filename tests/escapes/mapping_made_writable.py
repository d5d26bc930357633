# SPDX-License-Identifier: Apache-2.0
"""A mapping made for reading is made writable afterwards: mprotect."""

import mmap
import os

from tests.escapes.kit import Denied, Escape, Stage, call


def prepare(stage: Stage) -> int:
    fd = os.open(stage.shared / "file", os.O_RDWR)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    address = call("mmap", 0, mmap.PAGESIZE, mmap.PROT_READ, mmap.MAP_SHARED, stage.given, 0)
    return call("mprotect", address, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{shared}/file"), prepare=prepare)
