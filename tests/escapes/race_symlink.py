# SPDX-License-Identifier: Apache-2.0
"""A symbolic link changes between being looked at and being opened (CVE-2018-15664)."""

from tests.escapes.kit import Denied, Escape, Race, Stage
from tests.escapes.race import race


def attempt(stage: Stage) -> Race:
    link, other = stage.work / "link", stage.work / "other"
    link.symlink_to(stage.work / "file")

    def flip(turn: int) -> None:
        other.symlink_to(stage.secret if turn % 2 else stage.work / "file")
        other.replace(link)

    return race(flip, link.read_bytes)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
