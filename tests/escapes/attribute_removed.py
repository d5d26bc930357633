# SPDX-License-Identifier: Apache-2.0
"""An attribute that somebody put on a file outside is taken away."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> None:
    os.setxattr(stage.secret, "user.origin", b"trusted")


def attempt(stage: Stage) -> object:
    return os.removexattr(stage.secret, "user.origin")


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), prepare=prepare)
