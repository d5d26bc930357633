# SPDX-License-Identifier: Apache-2.0
"""The daemon's language: one packet of a SOCK_SEQPACKET socket is one CBOR map.

The shapes are in syscalls/ipc.cddl. A packet has its own end, so a peer can
neither leave half a message behind nor make the reader wait for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from pycoconut import cbor
from pycoconut.errors import CoconutError

__all__ = ["MESSAGE_MAX", "Code", "IpcError", "Request", "failure", "request", "success"]

MESSAGE_MAX = 96 << 10
"""Bytes. The largest is a spawn: a manifest of 64 KiB and its capability set."""

_ARGS_MAX = 16


class Code(IntEnum):
    """What went wrong."""

    MALFORMED = 1
    UNKNOWN_CALL = 2
    BAD_ARGUMENT = 3
    FORBIDDEN = 4
    NOT_FOUND = 5
    KERNEL = 6
    BUSY = 7


class IpcError(CoconutError):
    """An answer that says no."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Request:
    """What a client asks."""

    id: int
    call: str
    args: Mapping[str, Any] = field(default_factory=dict)

    def take(self, name: str, kind: type, default: Any = None) -> Any:
        """An argument of type @kind; IpcError where it is missing (no @default) or of another."""
        value = self.args.get(name, default)
        # A bool is an int in Python only.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise IpcError(Code.BAD_ARGUMENT, f"{self.call}: {name} must be {kind.__name__}")
        return value


def request(packet: bytes) -> Request:
    """Read a client's packet.

    Raises:
        IpcError: MALFORMED, whatever is wrong with it.
    """
    if len(packet) > MESSAGE_MAX:
        raise IpcError(Code.MALFORMED, "too long")
    try:
        value = cbor.decode(packet)
    except cbor.CborError as error:
        raise IpcError(Code.MALFORMED, str(error)) from error
    if not isinstance(value, dict) or not value.keys() <= {"id", "call", "args"}:
        raise IpcError(Code.MALFORMED, "not a map of id, call, args")
    number, call, args = value.get("id"), value.get("call"), value.get("args", {})
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise IpcError(Code.MALFORMED, "id is no number")
    if not isinstance(call, str) or len(call) > 32:
        raise IpcError(Code.MALFORMED, "call is no name")
    if not isinstance(args, dict) or len(args) > _ARGS_MAX:
        raise IpcError(Code.MALFORMED, "args is no map")
    if not all(isinstance(key, str) for key in args):
        raise IpcError(Code.MALFORMED, "args has a key that is no text")
    return Request(number, call, args)


def success(number: int, result: Any) -> bytes:
    """The answer to a call that was carried out."""
    return cbor.encode({"id": number, "ok": result})


def failure(number: int, error: IpcError) -> bytes:
    """The answer to a call that was not."""
    return cbor.encode(
        {"id": number, "error": {"code": int(error.code), "text": str(error)[:1024]}}
    )
