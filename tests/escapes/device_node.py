# SPDX-License-Identifier: Apache-2.0
"""A device file of one's own leads to the disk of the machine: mknod."""

import os
import stat

from tests.escapes.kit import Denied, Escape, Stage

LOOP_MAJOR = 7


def attempt(stage: Stage) -> object:
    node = stage.work / "disk"
    os.mknod(node, stat.S_IFBLK | 0o600, os.makedev(LOOP_MAJOR, 0))
    return os.open(node, os.O_RDWR)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{work}/disk"))
