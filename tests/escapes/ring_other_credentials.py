# SPDX-License-Identifier: Apache-2.0
"""A request runs with credentials that somebody outside registered (CVE-2021-41073)."""

import ctypes
import os

from tests.escapes.kit import Denied, Escape, Stage
from tests.escapes.uring import Ring

OPENAT = 18
AT_FDCWD = -100
REGISTER_PERSONALITY = 9


def prepare(stage: Stage) -> tuple[Ring, int]:
    ring = Ring()
    stage.later.callback(os.close, ring.fd)
    return ring, ring.register(REGISTER_PERSONALITY, 0, 0)


def attempt(stage: Stage) -> object:
    ring, number = stage.given
    path = ctypes.create_string_buffer(bytes(stage.secret))
    fd = ring.request(OPENAT, AT_FDCWD, ctypes.addressof(path), personality=number)
    return os.read(fd, 99)


ESCAPE = Escape(attempt, "EPERM", Denied("uring", "override_creds"), prepare=prepare)
