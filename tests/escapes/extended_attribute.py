# SPDX-License-Identifier: Apache-2.0
"""An attribute is put on a file outside: tools go by them."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.setxattr(stage.secret, "user.origin", b"forged")


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
