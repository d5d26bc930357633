# SPDX-License-Identifier: Apache-2.0
"""A command goes through a ring straight to a driver: IORING_OP_URING_CMD."""

import socket

from tests.escapes.kit import Denied, Escape, Stage
from tests.escapes.uring import Ring

URING_CMD = 46
SOCKET_URING_OP_SIOCINQ = 0


def attempt(_stage: Stage) -> object:
    end = socket.socket()
    return Ring().request(URING_CMD, end.fileno(), offset=SOCKET_URING_OP_SIOCINQ)


ESCAPE = Escape(attempt, "EPERM", Denied("uring", "cmd"))
