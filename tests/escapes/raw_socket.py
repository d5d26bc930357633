# SPDX-License-Identifier: Apache-2.0
"""Packets of any protocol are sent past the ports that rules speak of."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, 255).fileno()


ESCAPE = Escape(attempt, "EACCES", Denied("net", "socket/2/3/255"))
