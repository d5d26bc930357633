# SPDX-License-Identifier: Apache-2.0
"""SMC speaks TCP's addresses in a family of its own (a hole in Landlock's rules)."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return socket.socket(43, socket.SOCK_STREAM, 0).fileno()


ESCAPE = Escape(attempt, "EACCES", Denied("net", "socket/43/1/0"))
