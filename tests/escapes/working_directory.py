# SPDX-License-Identifier: Apache-2.0
"""A working directory outside makes names relative to it (CVE-2024-21626)."""

import os
from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    os.chdir(stage.outside)
    return Path("secret").read_bytes()


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
