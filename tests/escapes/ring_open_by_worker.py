# SPDX-License-Identifier: Apache-2.0
"""A file is opened by a worker of a ring, on another thread: IOSQE_ASYNC."""

import ctypes
import os

from tests.escapes.kit import Denied, Escape, Stage
from tests.escapes.uring import Ring

OPENAT = 18
AT_FDCWD = -100
ASYNC = 16


def attempt(stage: Stage) -> object:
    path = ctypes.create_string_buffer(bytes(stage.secret))
    fd = Ring().request(OPENAT, AT_FDCWD, ctypes.addressof(path), flags=ASYNC)
    return os.read(fd, 99)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
