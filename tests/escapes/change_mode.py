# SPDX-License-Identifier: Apache-2.0
"""The mode of a file outside is opened to everybody."""

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return stage.secret.chmod(0o666)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
