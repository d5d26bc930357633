# SPDX-License-Identifier: Apache-2.0
"""A file of one's own is moved over one outside, which is thereby replaced."""

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return (stage.work / "file").rename(stage.secret)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
