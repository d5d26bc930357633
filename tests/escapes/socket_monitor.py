# SPDX-License-Identifier: Apache-2.0
"""All sockets of the machine are listed, and closed, by netlink: sock_diag."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4).fileno()


ESCAPE = Escape(attempt, "EACCES", Denied("net", "socket/16/3/4"))
