# SPDX-License-Identifier: Apache-2.0
"""The address in the caller's memory changes while the kernel looks at it."""

import ctypes
import socket

from tests.escapes import peers
from tests.escapes.kit import Denied, Escape, Race, Stage, call
from tests.escapes.race import race


def attempt(stage: Stage) -> Race:
    own, other = map(peers.address, stage.given)
    address = ctypes.create_string_buffer(own, 16)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def flip(turn: int) -> None:
        ctypes.memmove(address, other if turn % 2 else own, 16)

    return race(flip, lambda: call("sendto", client.fileno(), b"x", 1, 0, address, 16))


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("net", "udp/127.0.0.1:{port}"),
    caps=("net:udp/127.0.0.1/32/{granted}:send",),
    prepare=peers.udp_servers,
    harm=peers.arrived,
)
