# SPDX-License-Identifier: Apache-2.0
"""A file outside that was left open for writing is cut."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> int:
    fd = os.open(stage.secret, os.O_RDWR)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    return os.ftruncate(stage.given, 0)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), prepare=prepare)
