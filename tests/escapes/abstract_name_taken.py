# SPDX-License-Identifier: Apache-2.0
"""An abstract name is taken before the service that others look for there."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return socket.socket(socket.AF_UNIX).bind("\0escape-squatter")


ESCAPE = Escape(attempt, "EACCES", Denied("net", "unix/@escape-squatter"))
