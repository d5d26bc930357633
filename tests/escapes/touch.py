# SPDX-License-Identifier: Apache-2.0
"""The times of a file outside are set to now, which takes no ownership."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.utime(stage.secret)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
