# SPDX-License-Identifier: Apache-2.0
"""Asking the daemon: the other end of its socket."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from pycoconut import cbor
from pycoconut.daemon.ipc import MESSAGE_MAX, Code
from pycoconut.errors import CoconutError

__all__ = ["DaemonError", "call"]

SOCKET = Path("/run/coconut/coconutd.sock")
TIMEOUT = 15.0
_ANSWER_MAX = 1 << 20


class DaemonError(CoconutError):
    """The daemon said no, or is not there; @code is None in the latter case."""

    def __init__(self, message: str, code: Code | None = None, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


def call(name: str, /, *, path: Path = SOCKET, **args: Any) -> Any:
    """One call of syscalls/ipc.cddl; return its result.

    Raises:
        DaemonError: It was refused, or nobody answers.
    """
    packet = cbor.encode({"id": 1, "call": name, "args": args})
    if len(packet) > MESSAGE_MAX:
        raise DaemonError(f"{name}: more than {MESSAGE_MAX} bytes", Code.MALFORMED)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.settimeout(TIMEOUT)
        try:
            connection.connect(str(path))
            connection.send(packet)
            raw = connection.recv(_ANSWER_MAX)
        except OSError as error:
            raise DaemonError(
                f"coconutd does not answer on {path}: {error}",
                hint="is this Coconut OS? PID 1 starts the daemon again within a second",
            ) from error
    if not raw:
        raise DaemonError("coconutd closed the connection: there is no room, or no leave")
    answer = cbor.decode(raw)
    if "ok" in answer:
        return answer["ok"]
    error = answer["error"]
    raise DaemonError(f"{name}: {error['text']}", Code(error["code"]))
