# SPDX-License-Identifier: Apache-2.0
"""A single packet goes by way of another address: IP_RETOPTS in its control data."""

import socket

from tests.escapes.kit import Denied, Escape, Stage

IP_RETOPTS = 7
LOOSE_SOURCE_ROUTE = bytes((1, 131, 7, 4, 192, 0, 2, 1))


def attempt(_stage: Stage) -> object:
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    control = [(socket.IPPROTO_IP, IP_RETOPTS, LOOSE_SOURCE_ROUTE)]
    return client.sendmsg([b"secret"], control, 0, ("127.0.0.1", 9))


ESCAPE = Escape(
    attempt, "EPERM", Denied("kernel", "cap_net_raw"), caps=("net:udp/127.0.0.1/32/9:send",)
)
