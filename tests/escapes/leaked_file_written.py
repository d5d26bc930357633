# SPDX-License-Identifier: Apache-2.0
"""A file outside was left open for writing."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> int:
    fd = os.open(stage.secret, os.O_RDWR)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    return os.pwrite(stage.given, b"changed", 0)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), prepare=prepare)
