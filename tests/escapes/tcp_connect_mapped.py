# SPDX-License-Identifier: Apache-2.0
"""An IPv4 address in its IPv6 form passes by rules for IPv4."""

import socket

from tests.escapes import peers
from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    client = socket.socket(socket.AF_INET6)
    return client.connect(("::ffff:127.0.0.1", stage.words["port"]))


ESCAPE = Escape(attempt, "EACCES", Denied("net", "tcp/127.0.0.1:{port}"), prepare=peers.tcp_server)
