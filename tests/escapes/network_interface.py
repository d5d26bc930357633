# SPDX-License-Identifier: Apache-2.0
"""An interface of the machine is taken down: SIOCSIFFLAGS."""

import fcntl
import socket
import struct

from tests.escapes.kit import Denied, Escape, Stage

SIOCSIFFLAGS = 0x8914


def attempt(_stage: Stage) -> object:
    return fcntl.ioctl(socket.socket(), SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", 0))


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_net_admin"))
