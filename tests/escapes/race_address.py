# SPDX-License-Identifier: Apache-2.0
"""The address in the caller's memory changes while the kernel looks at it."""

import ctypes
import socket
import struct

from tests.escapes.kit import Denied, Escape, Race, Stage, call
from tests.escapes.race import race


def prepare(stage: Stage) -> list[socket.socket]:
    servers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for server in servers:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        stage.later.callback(server.close)
    stage.words["granted"], stage.words["port"] = (s.getsockname()[1] for s in servers)
    return servers


def attempt(stage: Stage) -> Race:
    own, other = (
        struct.pack("=HH4s8x", socket.AF_INET, socket.htons(int(str(stage.words[name]))), host)
        for name in ("granted", "port")
        for host in (bytes((127, 0, 0, 1)),)
    )
    address = ctypes.create_string_buffer(own, 16)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def flip(turn: int) -> None:
        ctypes.memmove(address, other if turn % 2 else own, 16)

    return race(flip, lambda: call("sendto", client.fileno(), b"x", 1, 0, address, 16))


def harm(stage: Stage) -> str | None:
    try:
        return f"it arrived: {stage.given[1].recv(9)!r}"
    except BlockingIOError:
        return None


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("net", "udp/127.0.0.1:{port}"),
    caps=("net:udp/127.0.0.1/32/{granted}:send",),
    prepare=prepare,
    harm=harm,
)
