# SPDX-License-Identifier: Apache-2.0
"""The host of a virtual machine is spoken to: AF_VSOCK."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return socket.socket(40, socket.SOCK_STREAM, 0).fileno()


ESCAPE = Escape(attempt, "EACCES", Denied("net", "socket/40/1/0"))
