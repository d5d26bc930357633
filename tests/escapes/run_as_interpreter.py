# SPDX-License-Identifier: Apache-2.0
"""A script that may be run names an interpreter that may not."""

import os
from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> None:
    script = stage.work / "script"
    script.write_text(f"#!{stage.work}/evil\n")
    script.chmod(0o755)


def attempt(stage: Stage) -> object:
    evil = stage.work / "evil"
    evil.write_bytes(Path("/usr/bin/true").read_bytes())
    evil.chmod(0o755)
    return os.execv(stage.work / "script", ["script"])


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("exec", "{work}/evil"),
    caps=("exec:{work}/script:run",),
    prepare=prepare,
)
