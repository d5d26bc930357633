# SPDX-License-Identifier: Apache-2.0
"""The memory of a process outside is opened as a file: /proc/PID/mem (CVE-2012-0056)."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.open(f"/proc/{stage.supervisor}/mem", os.O_RDONLY)


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("task", "a:00000/ptrace"),
    caps=("fs:/proc:read_file,read_dir", "agent:aid/0/0:observe"),
)
