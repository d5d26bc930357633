# SPDX-License-Identifier: Apache-2.0
"""Files are reached through the root of a process outside: /proc/PID/root."""

from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return Path(f"/proc/{stage.supervisor}/root{stage.secret}").read_bytes()


ESCAPE = Escape(attempt, "EACCES", Denied("task", "a:00000/ptrace"))
