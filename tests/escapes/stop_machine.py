# SPDX-License-Identifier: Apache-2.0
"""The machine is stopped, or told what its keys do from now on."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

REBOOT = 169
MAGIC = (0xFEE1DEAD, 672274793)
CAD_OFF = 0


def attempt(_stage: Stage) -> object:
    return syscall(REBOOT, *MAGIC, CAD_OFF, 0)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_boot"))
