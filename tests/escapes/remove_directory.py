# SPDX-License-Identifier: Apache-2.0
"""An empty directory outside is removed, where others are about to work."""

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> None:
    (stage.outside / "empty").mkdir()


def attempt(stage: Stage) -> object:
    return (stage.outside / "empty").rmdir()


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/empty"), prepare=prepare)
