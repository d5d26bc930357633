# SPDX-License-Identifier: Apache-2.0
"""A program is run that lies in no file: memfd_create, then fexecve."""

import os
from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    fd = os.memfd_create("evil")
    os.write(fd, Path("/usr/bin/true").read_bytes())
    return os.execve(fd, ["evil"], {})


ESCAPE = Escape(attempt, "EACCES", Denied("exec", "/memfd:evil (deleted)"))
