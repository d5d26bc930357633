# SPDX-License-Identifier: Apache-2.0
"""A port is taken on which others expect a service."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return socket.socket().bind(("127.0.0.1", 80))


ESCAPE = Escape(attempt, "EACCES", Denied("net", "tcp/127.0.0.1:80"))
