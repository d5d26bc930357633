# SPDX-License-Identifier: Apache-2.0
"""The kernel's ciphers are used through sockets, which hand it pages (CVE-2019-8912)."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return socket.socket(38, socket.SOCK_SEQPACKET, 0).fileno()


ESCAPE = Escape(attempt, "EACCES", Denied("net", "socket/38/5/0"))
