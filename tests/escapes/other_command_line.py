# SPDX-License-Identifier: Apache-2.0
"""The command line of a process outside, and what stands in it, is read in /proc."""

from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return Path(f"/proc/{stage.supervisor}/cmdline").read_bytes()


ESCAPE = Escape(
    attempt, "EPERM", Denied("agent", "a:00000/proc"), caps=("fs:/proc:read_file,read_dir",)
)
