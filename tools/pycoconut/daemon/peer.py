# SPDX-License-Identifier: Apache-2.0
"""Who speaks on a socket: by the kernel's word only."""

from __future__ import annotations

import errno
import socket
import struct
from dataclasses import dataclass

from pycoconut.aid import AidError, parse_aid

__all__ = ["Peer", "peer_of"]

_CREDENTIALS = struct.Struct("iII")
_CONTEXT_MAX = 64


@dataclass(frozen=True)
class Peer:
    """@aid is None where the kernel does not say: then the peer may do nothing."""

    pid: int
    uid: int
    aid: int | None

    @property
    def commands(self) -> bool:
        """Root, outside every agent."""
        return self.uid == 0 and self.aid == 0


def peer_of(connection: socket.socket, kernel_has_agents: bool) -> Peer:
    """Who connected, as the kernel noted it then.

    A kernel without agents has none to be told apart: all are outside.
    """
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    if not kernel_has_agents:
        return Peer(pid, uid, 0)
    try:
        text = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERSEC, _CONTEXT_MAX)
        aid = parse_aid(text.rstrip(b"\0").decode("ascii"))
    except OSError as error:
        if error.errno not in (errno.ENOPROTOOPT, errno.ERANGE, errno.ENOTCONN):
            raise
        return Peer(pid, uid, None)
    except (UnicodeDecodeError, AidError):
        return Peer(pid, uid, None)
    return Peer(pid, uid, aid)
