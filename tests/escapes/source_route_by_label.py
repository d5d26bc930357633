# SPDX-License-Identifier: Apache-2.0
"""Options of packets hide in a flow label: IPV6_FLOWLABEL_MGR."""

import socket

from tests.escapes.kit import Denied, Escape, Stage

IPV6_FLOWLABEL_MGR = 32


def attempt(_stage: Stage) -> object:
    client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    client.setsockopt(socket.IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, bytes(32))
    return "set"


ESCAPE = Escape(attempt, "EACCES", Denied("net", "source route"))
