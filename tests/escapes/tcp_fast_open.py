# SPDX-License-Identifier: Apache-2.0
"""A connection is made by sending: MSG_FASTOPEN passes by what guards connect()."""

import socket

from tests.escapes import peers
from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    client = socket.socket()
    return client.sendto(b"data", socket.MSG_FASTOPEN, (peers.LOOPBACK, stage.words["port"]))


ESCAPE = Escape(attempt, "EACCES", Denied("net", "tcp/127.0.0.1:{port}"), prepare=peers.tcp_server)
