# SPDX-License-Identifier: Apache-2.0
"""A service that listens on a path outside, such as a container engine's, is asked to act."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(stage.outside / "engine"))
    server.listen()
    stage.later.callback(server.close)


def attempt(stage: Stage) -> object:
    return socket.socket(socket.AF_UNIX).connect(str(stage.outside / "engine"))


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/engine"), prepare=prepare)
