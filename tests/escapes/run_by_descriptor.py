# SPDX-License-Identifier: Apache-2.0
"""A program is run by a descriptor that may only name it: execveat on O_PATH."""

import os
from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    evil = stage.work / "evil"
    evil.write_bytes(Path("/usr/bin/true").read_bytes())
    evil.chmod(0o755)
    return os.execve(os.open(evil, os.O_PATH), ["evil"], {})


ESCAPE = Escape(attempt, "EACCES", Denied("exec", "{work}/evil"))
