# SPDX-License-Identifier: Apache-2.0
"""The unspecified address, which means this machine, is not what rules speak of."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> socket.socket:
    server = socket.create_server(("127.0.0.1", 0))
    stage.words["port"] = server.getsockname()[1]
    stage.later.callback(server.close)
    return server


def attempt(stage: Stage) -> object:
    return socket.socket().connect(("0.0.0.0", stage.words["port"]))


ESCAPE = Escape(attempt, "EACCES", Denied("net", "tcp/127.0.0.1:{port}"), prepare=prepare)
