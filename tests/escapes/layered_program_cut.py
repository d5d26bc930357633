# SPDX-License-Identifier: Apache-2.0
"""A program below an overlay is cut while it runs: ETXTBSY comes when it is done already."""

import os
import subprocess
from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage
from tests.escapes.layers import CUT, layered


def prepare(stage: Stage) -> None:
    layered(stage, stage.outside / "layers", Path("/usr/bin/sleep").read_bytes())


def attempt(stage: Stage) -> object:
    program = stage.outside / "layers/file"
    with subprocess.Popen([program, "600"], env={"LC_ALL": "C"}) as running:
        try:
            return os.open(program, CUT)
        finally:
            running.kill()


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("fs", "{outside}/layers/file"),
    caps=("exec:{outside}/layers/file:run",),
    prepare=prepare,
)
