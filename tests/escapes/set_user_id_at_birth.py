# SPDX-License-Identifier: Apache-2.0
"""A set-user-ID file is made as one: mknod takes a mode, and no umask holds it back."""

import os
import stat

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.mknod(stage.work / "new", stat.S_IFREG | 0o4755)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{work}/new"))
