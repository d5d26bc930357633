# SPDX-License-Identifier: Apache-2.0
"""All that is on the wire is read and written, headers too (CVE-2020-14386)."""

import socket

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 768).fileno()


ESCAPE = Escape(attempt, "EACCES", Denied("net", "socket/17/3/768"))
