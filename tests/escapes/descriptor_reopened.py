# SPDX-License-Identifier: Apache-2.0
"""What is open for reading is opened anew for writing through /proc/self/fd."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    fd = os.open(stage.shared / "file", os.O_RDONLY)
    return os.write(os.open(f"/proc/self/fd/{fd}", os.O_WRONLY), b"changed")


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{shared}/file"))
