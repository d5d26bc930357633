# SPDX-License-Identifier: Apache-2.0
"""A descriptor that may only name a file is opened anew: O_PATH, then /proc/self/fd."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    fd = os.open(stage.secret, os.O_PATH)
    return os.read(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY), 99)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
