# SPDX-License-Identifier: Apache-2.0
"""The clock is slewed: adjtimex."""

import struct

from tests.escapes.kit import Denied, Escape, Stage, syscall

ADJTIMEX = 159
ADJ_TICK = 0x4000


def attempt(_stage: Stage) -> object:
    return syscall(ADJTIMEX, struct.pack("I", ADJ_TICK).ljust(208, b"\0"))


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_time"))
