# SPDX-License-Identifier: Apache-2.0
"""A mount that open_tree(2) copied stands in no namespace at all."""

import os

from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage, syscall

OPEN_TREE, OPEN_TREE_CLONE = 428, 1


def attempt(stage: Stage) -> object:
    sandbox.enter()
    tree = syscall(OPEN_TREE, -1, os.fsencode(stage.outside), OPEN_TREE_CLONE)
    return os.read(os.open("secret", os.O_RDONLY, dir_fd=tree), 99)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), caps=(sandbox.RIGHT,))
