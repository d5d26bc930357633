# SPDX-License-Identifier: Apache-2.0
"""What is protected in one's own memory is written through /proc/self/mem (CVE-2016-5195)."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return os.open("/proc/self/mem", os.O_RDWR)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "/proc/{pid}/mem"))
