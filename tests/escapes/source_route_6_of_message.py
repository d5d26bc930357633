# SPDX-License-Identifier: Apache-2.0
"""A single IPv6 packet goes by way of another address: IPV6_RTHDR in its control data."""

import socket

from tests.escapes.kit import Denied, Escape, Stage

IPV6_RTHDR = 57
SEGMENTS = bytes((0, 2, 4, 0, 0, 0, 0, 0)) + socket.inet_pton(socket.AF_INET6, "2001:db8::1")


def attempt(_stage: Stage) -> object:
    client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    control = [(socket.IPPROTO_IPV6, IPV6_RTHDR, SEGMENTS)]
    return client.sendmsg([b"secret"], control, 0, ("::1", 9))


ESCAPE = Escape(attempt, "EACCES", Denied("net", "source route"), caps=("net:udp/::1/128/9:send",))
