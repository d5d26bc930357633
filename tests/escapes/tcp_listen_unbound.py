# SPDX-License-Identifier: Apache-2.0
"""A socket listens that was never bound: the kernel chooses the port (Landlock's bind rule)."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return socket.socket().listen()


ESCAPE = Escape(attempt, "EACCES", Denied("net", "tcp/0.0.0.0:0"))
