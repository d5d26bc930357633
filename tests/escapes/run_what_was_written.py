# SPDX-License-Identifier: Apache-2.0
"""A program is run that the agent has written itself."""

import os
from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    evil = stage.work / "evil"
    evil.write_bytes(Path("/usr/bin/true").read_bytes())
    evil.chmod(0o755)
    return os.execv(evil, ["evil"])


ESCAPE = Escape(attempt, "EACCES", Denied("exec", "{work}/evil"))
