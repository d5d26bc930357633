# SPDX-License-Identifier: Apache-2.0
"""Data leaves in several datagrams of one call, of which only the first is looked at: sendmmsg."""

import ctypes
import socket
import struct

from tests.escapes import peers
from tests.escapes.kit import Denied, Escape, Stage, call


def attempt(stage: Stage) -> object:
    data = ctypes.create_string_buffer(b"secret")
    vector = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(data), 6))
    heads, names = b"", []
    for server in stage.given:
        names.append(ctypes.create_string_buffer(peers.address(server), 16))
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


ESCAPE = Escape(
    attempt,
    "",
    Denied("net", "udp/127.0.0.1:{port}"),
    caps=("net:udp/127.0.0.1/32/{granted}:send",),
    prepare=peers.udp_servers,
    harm=peers.arrived,
)
