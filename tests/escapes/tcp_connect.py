# SPDX-License-Identifier: Apache-2.0
"""A service of the machine is connected to by its loopback address."""

import socket

from tests.escapes import peers
from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return socket.socket().connect((peers.LOOPBACK, stage.words["port"]))


ESCAPE = Escape(attempt, "EACCES", Denied("net", "tcp/127.0.0.1:{port}"), prepare=peers.tcp_server)
