# SPDX-License-Identifier: Apache-2.0
"""The memory of a process outside is pushed out, to slow it or to time it: process_madvise."""

import os
import struct

from tests.escapes.kit import Denied, Escape, Stage, syscall

PROCESS_MADVISE = 440
MADV_PAGEOUT = 21


def attempt(stage: Stage) -> object:
    there = struct.pack("QQ", id(stage) & ~4095, 4096)
    return syscall(PROCESS_MADVISE, os.pidfd_open(stage.supervisor), there, 1, MADV_PAGEOUT, 0)


ESCAPE = Escape(attempt, "EACCES", Denied("task", "a:00000/ptrace"))
