# SPDX-License-Identifier: Apache-2.0
"""The clock is set: logs, certificates and leases go by it."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

CLOCK_SETTIME = 227


def attempt(_stage: Stage) -> object:
    return syscall(CLOCK_SETTIME, 0, bytes(16))


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_time"))
