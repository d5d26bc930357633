# SPDX-License-Identifier: Apache-2.0
"""The terminal is taken from those who use it: vhangup."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

VHANGUP = 153


def attempt(_stage: Stage) -> object:
    return syscall(VHANGUP)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_tty_config"))
