# SPDX-License-Identifier: Apache-2.0
"""A file outside was left open for reading (CVE-2016-9962)."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> int:
    fd = os.open(stage.secret, os.O_RDONLY)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    return os.read(stage.given, 99)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), prepare=prepare)
