# SPDX-License-Identifier: Apache-2.0
"""A file is moved to where more is allowed (Landlock before REFER)."""

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return stage.secret.rename(stage.work / "mine").read_bytes()


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
