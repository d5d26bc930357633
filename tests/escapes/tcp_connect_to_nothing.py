# SPDX-License-Identifier: Apache-2.0
"""The unspecified address, which means this machine, is not what rules speak of."""

import socket

from tests.escapes import peers
from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return socket.socket().connect(("0.0.0.0", stage.words["port"]))


ESCAPE = Escape(attempt, "EACCES", Denied("net", "tcp/127.0.0.1:{port}"), prepare=peers.tcp_server)
