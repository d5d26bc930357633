# SPDX-License-Identifier: Apache-2.0
"""A file outside stands in a ring that was left open, without a descriptor (CVE-2022-2602)."""

import ctypes
import os
import struct

from tests.escapes.kit import Denied, Escape, Stage
from tests.escapes.uring import Ring

READ = 22
FIXED_FILE = 1
REGISTER_FILES = 2


def prepare(stage: Stage) -> Ring:
    ring = Ring()
    fd = os.open(stage.secret, os.O_RDONLY)
    ring.register(REGISTER_FILES, struct.pack("i", fd), 1)
    os.close(fd)
    stage.later.callback(os.close, ring.fd)
    return ring


def attempt(stage: Stage) -> object:
    room = ctypes.create_string_buffer(99)
    stage.given.request(READ, 0, ctypes.addressof(room), 99, flags=FIXED_FILE)
    return room.raw


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), prepare=prepare)
