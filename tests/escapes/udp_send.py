# SPDX-License-Identifier: Apache-2.0
"""Data leaves in a datagram, for which nothing has to be connected (Landlock has no UDP)."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return client.sendto(b"secret", ("127.0.0.1", 53))


ESCAPE = Escape(attempt, "EACCES", Denied("net", "udp/127.0.0.1:53"))
