# SPDX-License-Identifier: Apache-2.0
"""A device file of one's own leads to the memory of the machine: mknod."""

import os
import stat

from tests.escapes.kit import Denied, Escape, Stage

MEMORY = os.makedev(1, 1)


def attempt(stage: Stage) -> object:
    node = stage.work / "mem"
    os.mknod(node, stat.S_IFCHR | 0o600, MEMORY)
    return os.open(node, os.O_RDONLY)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{work}/mem"))
