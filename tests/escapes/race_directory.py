# SPDX-License-Identifier: Apache-2.0
"""A directory on the way changes places with a link (CVE-2021-30465)."""

from tests.escapes.kit import Denied, Escape, Race, Stage, call
from tests.escapes.race import race

AT_FDCWD = -100
RENAME_EXCHANGE = 2


def attempt(stage: Stage) -> Race:
    way, link = stage.work / "way", stage.work / "link"
    way.mkdir()
    (way / "secret").write_bytes(b"own\n")
    link.symlink_to(stage.outside)

    def flip(_turn: int) -> None:
        call("renameat2", AT_FDCWD, bytes(way), AT_FDCWD, bytes(link), RENAME_EXCHANGE)

    return race(flip, (way / "secret").read_bytes)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
