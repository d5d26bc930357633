# SPDX-License-Identifier: Apache-2.0
"""What is in a directory outside is listed by a descriptor that was left open."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> int:
    fd = os.open(stage.outside, os.O_RDONLY | os.O_DIRECTORY)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    return os.listdir(stage.given)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}"), prepare=prepare)
