# SPDX-License-Identifier: Apache-2.0
"""Data leaves in several datagrams of one call, of which only the first is looked at: sendmmsg."""

import ctypes
import socket
import struct

from tests.escapes.kit import Denied, Escape, Stage, call


def prepare(stage: Stage) -> list[int]:
    servers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for server in servers:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        stage.later.callback(server.close)
    stage.words["granted"], stage.words["port"] = (s.getsockname()[1] for s in servers)
    stage.words["server"] = servers[1]
    return [int(server.getsockname()[1]) for server in servers]


def attempt(stage: Stage) -> object:
    data = ctypes.create_string_buffer(b"secret")
    vector = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(data), 6))
    heads, names = b"", []
    for port in stage.given:
        packed = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(port), bytes((127, 0, 0, 1)))
        names.append(ctypes.create_string_buffer(packed, 16))
        heads += struct.pack(
            "QI4xQQQQi4xI4x",
            ctypes.addressof(names[-1]),
            16,
            ctypes.addressof(vector),
            1,
            0,
            0,
            0,
            0,
        )
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return call("sendmmsg", client.fileno(), ctypes.create_string_buffer(heads), 2, 0)


def harm(stage: Stage) -> str | None:
    server = stage.words["server"]
    assert isinstance(server, socket.socket)
    try:
        return f"it arrived: {server.recv(99)!r}"
    except BlockingIOError:
        return None


ESCAPE = Escape(
    attempt,
    "",
    Denied("net", "udp/127.0.0.1:{port}"),
    caps=("net:udp/127.0.0.1/32/{granted}:send",),
    prepare=prepare,
    harm=harm,
)
