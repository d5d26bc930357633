# SPDX-License-Identifier: Apache-2.0
"""A set-user-ID program is left behind for an accomplice outside."""

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return (stage.work / "file").chmod(0o4755)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{work}/file"))
