# SPDX-License-Identifier: Apache-2.0
"""The same overlay by fsopen(2): the file system works on its folders before it is mounted."""

from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage, syscall

FSOPEN, FSCONFIG = 430, 431
SET_STRING = 1


def attempt(stage: Stage) -> object:
    sandbox.enter()
    context = syscall(FSOPEN, b"overlay", 0)
    return syscall(FSCONFIG, context, SET_STRING, b"upperdir", bytes(stage.outside), 0)


ESCAPE = Escape(attempt, "EPERM", Denied("mount", "fsconfig"), caps=(sandbox.RIGHT,))
