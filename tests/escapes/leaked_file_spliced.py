# SPDX-License-Identifier: Apache-2.0
"""Pages of a file go into a pipe without being read (CVE-2022-0847's way in)."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> int:
    fd = os.open(stage.secret, os.O_RDONLY)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    out, into = os.pipe()
    os.splice(stage.given, into, 99)
    return os.read(out, 99)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), prepare=prepare)
