# SPDX-License-Identifier: Apache-2.0
"""The tables of the packet filter are reached by netlink (CVE-2022-34918)."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12).fileno()


ESCAPE = Escape(attempt, "EACCES", Denied("net", "socket/16/3/12"))
