# SPDX-License-Identifier: Apache-2.0
"""A tree is cloned to be attached elsewhere: open_tree, past filters of mount()."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

OPEN_TREE = 428
OPEN_TREE_CLONE = 1


def attempt(stage: Stage) -> object:
    return syscall(OPEN_TREE, -100, bytes(stage.outside), OPEN_TREE_CLONE)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_admin"))
