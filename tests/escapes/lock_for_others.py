# SPDX-License-Identifier: Apache-2.0
"""A file outside that was left open is locked, and those wait who may use it."""

import fcntl
import os

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> int:
    fd = os.open(stage.secret, os.O_RDWR)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    return fcntl.flock(stage.given, fcntl.LOCK_EX | fcntl.LOCK_NB)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), prepare=prepare)
