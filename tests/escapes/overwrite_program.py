# SPDX-License-Identifier: Apache-2.0
"""The program that somebody outside starts next is overwritten (CVE-2019-5736)."""

import os
import shutil

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> None:
    shutil.copy("/usr/bin/true", stage.shared / "runc")


def attempt(stage: Stage) -> object:
    tool = os.open(stage.shared / "runc", os.O_PATH)
    assert os.spawnv(os.P_WAIT, stage.shared / "runc", ["runc"]) == 0
    return os.open(f"/proc/self/fd/{tool}", os.O_WRONLY)


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("fs", "{shared}/runc"),
    caps=("exec:{shared}/runc:run",),
    prepare=prepare,
)
