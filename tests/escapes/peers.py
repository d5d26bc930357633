# SPDX-License-Identifier: Apache-2.0
"""Whom an agent may find outside: servers on loopback, and the terminal it was started from."""

from __future__ import annotations

import os
import socket
from struct import pack

from tests.escapes.kit import Stage

__all__ = ["LOOPBACK", "address", "arrived", "tcp_server", "terminal", "udp_servers"]

LOOPBACK = "127.0.0.1"


def tcp_server(stage: Stage) -> socket.socket:
    """One that the agent is not given; its port is {port}."""
    server = socket.create_server((LOOPBACK, 0))
    stage.words["port"] = server.getsockname()[1]
    stage.later.callback(server.close)
    return server


def udp_servers(stage: Stage) -> list[socket.socket]:
    """Two, whose ports are {granted} and {port}."""
    servers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for server in servers:
        server.bind((LOOPBACK, 0))
        server.setblocking(False)
        stage.later.callback(server.close)
    stage.words["granted"], stage.words["port"] = (s.getsockname()[1] for s in servers)
    return servers


def address(server: socket.socket) -> bytes:
    """Where it listens, as struct sockaddr_in."""
    host, port = server.getsockname()
    return pack("=HH4s8x", socket.AF_INET, socket.htons(port), socket.inet_aton(host))


def arrived(stage: Stage) -> str | None:
    """Harm: the second of udp_servers() got something."""
    try:
        return f"it arrived: {stage.given[1].recv(99)!r}"
    except BlockingIOError:
        return None


def terminal(stage: Stage) -> int:
    """A descriptor of it; its path is {terminal}."""
    outer, inner = os.openpty()
    stage.words["terminal"] = os.ttyname(inner)
    stage.later.callback(os.close, outer)
    stage.later.callback(os.close, inner)
    return inner
