# SPDX-License-Identifier: Apache-2.0
"""Two files change places: renameat2 with RENAME_EXCHANGE moves both ways."""

from tests.escapes.kit import Denied, Escape, Stage, call

AT_FDCWD = -100
RENAME_EXCHANGE = 2


def attempt(stage: Stage) -> object:
    mine = bytes(stage.work / "file")
    call("renameat2", AT_FDCWD, mine, AT_FDCWD, bytes(stage.secret), RENAME_EXCHANGE)
    return (stage.work / "file").read_bytes()


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
