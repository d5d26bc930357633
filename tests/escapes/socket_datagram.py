# SPDX-License-Identifier: Apache-2.0
"""A datagram is sent to a socket outside without ever connecting to it."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(str(stage.outside / "log"))
    server.setblocking(False)
    stage.later.callback(server.close)
    return server


def attempt(stage: Stage) -> object:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    return client.sendto(b"forged", str(stage.outside / "log"))


def harm(stage: Stage) -> str | None:
    try:
        return f"it arrived: {stage.given.recv(99)}"
    except BlockingIOError:
        return None


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/log"), prepare=prepare, harm=harm)
