# SPDX-License-Identifier: Apache-2.0
"""A file outside that was left open is mapped, and no byte of it read by a call."""

import mmap
import os

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> int:
    fd = os.open(stage.secret, os.O_RDONLY)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    return mmap.mmap(stage.given, 0, prot=mmap.PROT_READ)[:]


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), prepare=prepare)
