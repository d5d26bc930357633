# SPDX-License-Identifier: Apache-2.0
"""A file is cut by opening it for reading, with O_TRUNC."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.open(stage.shared / "file", os.O_RDONLY | os.O_TRUNC)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{shared}/file"))
