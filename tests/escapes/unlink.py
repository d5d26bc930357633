# SPDX-License-Identifier: Apache-2.0
"""A file outside is removed, by whoever may search its folder."""

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return stage.secret.unlink()


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
