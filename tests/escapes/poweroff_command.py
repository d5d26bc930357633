# SPDX-License-Identifier: Apache-2.0
"""A program that the kernel starts as root is named by a file (core_pattern, CVE-2022-0811)."""

from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return Path("/proc/sys/kernel/poweroff_cmd").write_text(f"{stage.work}/evil")


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "/proc/sys/kernel/poweroff_cmd"))
