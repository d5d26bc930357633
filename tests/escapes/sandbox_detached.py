# SPDX-License-Identifier: Apache-2.0
"""A tree that was taken off still hangs together: what was bound in it lies beneath it."""

import os

from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage, call

MNT_DETACH = 2


def attempt(stage: Stage) -> object:
    (stage.work / "top").mkdir()
    sandbox.enter()
    sandbox.bind_onto(stage.work / "top", stage.work / "top")
    sandbox.bind(stage.outside, stage.work / "top/there")
    folder = os.open(stage.work / "top/there", os.O_PATH | os.O_DIRECTORY)
    call("umount2", os.fsencode(stage.work / "top"), MNT_DETACH)
    return os.read(os.open("secret", os.O_RDONLY, dir_fd=folder), 99)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "/secret"), caps=(sandbox.RIGHT,))
