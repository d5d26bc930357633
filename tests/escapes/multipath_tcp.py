# SPDX-License-Identifier: Apache-2.0
"""Multipath TCP connects like TCP and is no TCP socket (a hole in Landlock's rules)."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).fileno()


ESCAPE = Escape(attempt, "EACCES", Denied("net", "socket/2/1/262"))
