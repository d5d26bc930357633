# SPDX-License-Identifier: Apache-2.0
"""The machine gets another name."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

SETHOSTNAME = 170


def attempt(_stage: Stage) -> object:
    return syscall(SETHOSTNAME, b"escaped", 7)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_admin"))
