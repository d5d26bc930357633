# SPDX-License-Identifier: Apache-2.0
"""A folder is moved out from under the capability that carves out a part of it."""

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> None:
    (stage.outside / "tree/private").mkdir(parents=True)
    (stage.outside / "tree/private/key").write_bytes(b"private")


def attempt(stage: Stage) -> object:
    moved = (stage.outside / "tree").rename(stage.work / "tree")
    return (moved / "private/key").read_bytes()


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("fs", "{outside}/tree"),
    caps=("fs:{outside}/tree:all;except={outside}/tree/private",),
    prepare=prepare,
)
