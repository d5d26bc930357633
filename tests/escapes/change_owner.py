# SPDX-License-Identifier: Apache-2.0
"""A file outside is given to somebody else, by a descriptor that names it only."""

import os

from tests.escapes.kit import Denied, Escape, Stage, call

AT_EMPTY_PATH = 0x1000


def attempt(stage: Stage) -> object:
    fd = os.open(stage.secret, os.O_PATH)
    return call("fchownat", fd, b"", 1000, 1000, AT_EMPTY_PATH)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
