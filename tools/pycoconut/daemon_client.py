# SPDX-License-Identifier: Apache-2.0
"""Asks coconutd. Form of the messages: syscalls/ipc.cddl."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import cbor
from .errors import CoconutError

__all__ = ["SOCKET", "DaemonError", "call", "listening", "writer"]

SOCKET = "/run/coconut/coconutd.sock"
MESSAGE_MAX = 96 << 10
#: Seconds. A spawn reads the disk; nothing the daemon does takes longer.
TIMEOUT = 30.0


class DaemonError(CoconutError):
    """coconutd said no, or nothing that makes sense."""


def _path() -> str:
    return os.environ.get("COCONUT_SOCKET", SOCKET)


def listening() -> bool:
    """Is there a daemon to ask?"""
    try:
        _connect().close()
    except OSError:
        return False
    return True


def writer() -> dict[str, str]:
    """How the writer of the shards is doing: state, held, why; empty where there is none."""
    path = Path(_path()).with_name("writer")
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split(" ", 1) for line in lines if " " in line)


def _connect() -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.settimeout(TIMEOUT)
        connection.connect(_path())
    except OSError:
        connection.close()
        raise
    return connection


def call(name: str, args: Mapping[str, Any] | None = None) -> Any:
    """Makes one call, such as spawn; returns what the daemon answers.

    Raises:
        DaemonError: It said no; the message is its.
        OSError: It cannot be reached.
    """
    message: dict[str, Any] = {"call": name, "id": 1}
    if args:
        message["args"] = dict(args)
    with _connect() as connection:
        connection.send(cbor.encode(message))
        packet = connection.recv(MESSAGE_MAX)
    try:
        answer = cbor.decode(packet)
    except cbor.CborError as error:
        raise DaemonError(f"coconutd: no answer that makes sense: {error}") from None
    match answer:
        case {"id": 1, "ok": result}:
            return result
        case {"id": 1, "error": {"text": str(text)}}:
            raise DaemonError(f"coconutd: {text}")
    raise DaemonError("coconutd: no answer that makes sense")
