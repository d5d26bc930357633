# SPDX-License-Identifier: Apache-2.0
"""A program is exchanged for another content while its digest is what allows it."""

import os
import shutil

from blake3 import blake3

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> None:
    tool = stage.work / "tool"
    shutil.copy("/usr/bin/true", tool)
    stage.words["digest"] = blake3(tool.read_bytes()).hexdigest()


def attempt(stage: Stage) -> object:
    with (stage.work / "tool").open("ab") as tool:
        tool.write(b"more")
    return os.execv(stage.work / "tool", ["tool"])


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("exec", "{work}/tool"),
    caps=("exec:blake3={digest}:run",),
    prepare=prepare,
)
