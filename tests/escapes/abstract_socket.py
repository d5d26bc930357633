# SPDX-License-Identifier: Apache-2.0
"""A service that listens on an abstract name trusts who is in its namespace (CVE-2020-15257)."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind("\0escape-shim")
    server.listen()
    stage.later.callback(server.close)


def attempt(_stage: Stage) -> object:
    return socket.socket(socket.AF_UNIX).connect("\0escape-shim")


ESCAPE = Escape(attempt, "EACCES", Denied("net", "unix/@escape-shim"), prepare=prepare)
