# SPDX-License-Identifier: Apache-2.0
"""The times of a file outside are set, which build systems and backups go by."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.utime(stage.secret, (0, 0))


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
