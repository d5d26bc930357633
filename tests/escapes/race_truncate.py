# SPDX-License-Identifier: Apache-2.0
"""A link changes before a file is cut by its path."""

import os

from tests.escapes.kit import Denied, Escape, Race, Stage
from tests.escapes.race import race


def attempt(stage: Stage) -> Race:
    link, other = stage.work / "link", stage.work / "other"
    link.symlink_to(stage.work / "file")

    def flip(turn: int) -> None:
        other.symlink_to(stage.secret if turn % 2 else stage.work / "file")
        other.replace(link)

    return race(flip, lambda: os.truncate(link, 0))


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
