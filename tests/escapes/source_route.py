# SPDX-License-Identifier: Apache-2.0
"""A packet to an address that is granted goes by way of another: IP_OPTIONS."""

import socket

from tests.escapes.kit import Denied, Escape, Stage

LOOSE_SOURCE_ROUTE = bytes((1, 131, 7, 4, 192, 0, 2, 1))
"""RFC 791, 3.1: over 192.0.2.1."""


def attempt(_stage: Stage) -> object:
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, LOOSE_SOURCE_ROUTE)
    return client.sendto(b"secret", ("127.0.0.1", 9))


ESCAPE = Escape(
    attempt, "EPERM", Denied("kernel", "cap_net_raw"), caps=("net:udp/127.0.0.1/32/9:send",)
)
