# SPDX-License-Identifier: Apache-2.0
"""A file is opened by a ring and not by a call: IORING_OP_OPENAT (CVE-2023-2598's way in)."""

import ctypes
import os

from tests.escapes.kit import Denied, Escape, Stage
from tests.escapes.uring import Ring

OPENAT = 18
AT_FDCWD = -100


def attempt(stage: Stage) -> object:
    path = ctypes.create_string_buffer(bytes(stage.secret))
    return os.read(Ring().request(OPENAT, AT_FDCWD, ctypes.addressof(path)), 99)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
