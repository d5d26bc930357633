# SPDX-License-Identifier: Apache-2.0
"""What covers something is taken away (maskedPaths of containers)."""

from tests.escapes.kit import Denied, Escape, Stage, call

MNT_DETACH = 2


def attempt(stage: Stage) -> object:
    return call("umount2", bytes(stage.top.parent), MNT_DETACH)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_admin"))
