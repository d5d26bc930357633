# SPDX-License-Identifier: Apache-2.0
"""A file is cut by its path, which opens nothing (Landlock before TRUNCATE)."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.truncate(stage.secret, 0)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
