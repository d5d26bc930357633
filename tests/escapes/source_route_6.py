# SPDX-License-Identifier: Apache-2.0
"""A packet to an IPv6 address that is granted goes by way of another: IPV6_RTHDR."""

import socket

from tests.escapes.kit import Denied, Escape, Stage

IPV6_RTHDR = 57
SEGMENTS = bytes((0, 2, 4, 0, 0, 0, 0, 0)) + socket.inet_pton(socket.AF_INET6, "2001:db8::1")
"""RFC 8754, 2: one segment."""


def attempt(_stage: Stage) -> object:
    client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    client.setsockopt(socket.IPPROTO_IPV6, IPV6_RTHDR, SEGMENTS)
    return "set"


ESCAPE = Escape(attempt, "EACCES", Denied("net", "source route"))
