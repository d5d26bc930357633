# SPDX-License-Identifier: Apache-2.0
"""A directory is made outside, for others to find."""

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return (stage.outside / "new").mkdir()


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/new"))
