# SPDX-License-Identifier: Apache-2.0
"""The kernel log is read, for addresses and for what others do."""

import ctypes

from tests.escapes.kit import Denied, Escape, Stage, syscall

SYSLOG = 103
READ_ALL = 3


def attempt(_stage: Stage) -> object:
    return syscall(SYSLOG, READ_ALL, ctypes.create_string_buffer(4096), 4096)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "syslog"))
