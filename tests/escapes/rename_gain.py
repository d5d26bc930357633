# SPDX-License-Identifier: Apache-2.0
"""A file that may be read and moved gains the right to be written by being moved."""

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    mine = (stage.shared / "file").rename(stage.work / "mine")
    return mine.write_bytes(b"changed")


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("fs", "{shared}/file"),
    caps=("fs:{shared}:refer,remove_file",),
)
