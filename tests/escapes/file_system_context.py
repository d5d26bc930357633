# SPDX-License-Identifier: Apache-2.0
"""The parser of a file system's options is reached without mounting: fsopen (CVE-2022-0185)."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

FSOPEN = 430


def attempt(_stage: Stage) -> object:
    return syscall(FSOPEN, b"tmpfs", 0)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_admin"))
