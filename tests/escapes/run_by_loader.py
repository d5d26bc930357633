# SPDX-License-Identifier: Apache-2.0
"""A program is run as an argument of the dynamic loader, which no digest speaks of."""

import os
from pathlib import Path

from blake3 import blake3

from tests.escapes.kit import Denied, Escape, Stage

LOADER = Path("/lib64/ld-linux-x86-64.so.2").resolve()


def prepare(stage: Stage) -> None:
    stage.words["digest"] = blake3(Path("/usr/bin/true").read_bytes()).hexdigest()
    stage.words["loader"] = LOADER


def attempt(_stage: Stage) -> object:
    return os.execv(LOADER, [str(LOADER), "/usr/bin/touch", "/dev/null"])


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("exec", "{loader}"),
    caps=("exec:blake3={digest}:run",),
    prepare=prepare,
    programs=False,
)
