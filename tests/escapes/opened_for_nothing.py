# SPDX-License-Identifier: Apache-2.0
"""A device is opened neither to read nor to write: its driver runs all the same."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.open("/dev/zero", os.O_ACCMODE)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "/dev/zero"))
