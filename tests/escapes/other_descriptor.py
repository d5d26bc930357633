# SPDX-License-Identifier: Apache-2.0
"""A descriptor of a process outside is opened by its link: /proc/PID/fd."""

import os
from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> int:
    fd = os.open(stage.secret, os.O_RDONLY)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    return Path(f"/proc/{stage.supervisor}/fd/{stage.given}").read_bytes()


ESCAPE = Escape(attempt, "EACCES", Denied("task", "a:00000/ptrace"), prepare=prepare)
