# SPDX-License-Identifier: Apache-2.0
"""A denial as a program tells it, and its line: that of a record less its number and its MAC."""

from __future__ import annotations

import errno
import ipaddress
import json
import struct
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..abi import Class, NetProto
from ..aid import format_aid
from ..errors import CoconutError

__all__ = ["Denial", "DenialError"]

HEAD = struct.Struct("<QQQIIIiII")
PEER = struct.Struct("<16sHBB4x")
PATH, ADDRESS, TARGET, TEXT, NAME = range(1, 6)
OBJECT_MAX = 256
INET = 2
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class DenialError(CoconutError):
    """Bytes that are no denial."""


@cache
def _boot() -> str:
    return BOOT_ID.read_text(encoding="ascii").strip().replace("-", "")


def _path(data: bytes) -> bytes:
    """Names from the object upward, each with its NUL."""
    names = data.split(b"\0")[:-1]
    return b"/" + b"/".join(reversed(names))


def _peer(data: bytes) -> bytes:
    packed, port, proto, family = PEER.unpack(data)
    name = NetProto(proto).name.lower()
    if family == INET:
        return f"{name}/{ipaddress.IPv4Address(packed[:4])}:{port}".encode()
    return f"{name}/[{ipaddress.IPv6Address(packed)}]:{port}".encode()


def _target(data: bytes) -> bytes:
    policy, what = int.from_bytes(data[:8], "little"), data[8:]
    return b"/".join(filter(None, (format_aid(policy).encode(), what)))


@dataclass(frozen=True)
class Denial:
    """One refused operation.

    Attributes:
        mono: Nanoseconds, CLOCK_MONOTONIC.
        policy: What the task is held to.
        rights: All that were asked for; with RIGHT_NEVER, what no capability gives.
        cpu: Where.
        tid: Who, in the initial PID namespace.
        kind: Of which class the object is.
        object: What it was done to; of a longer one the last 256 bytes.
        result: A negative errno.
    """

    mono: int
    policy: int
    rights: int
    cpu: int
    tid: int
    kind: Class
    object: bytes
    result: int

    @classmethod
    def parse(cls, data: bytes) -> Denial:
        """Reads struct denial of programs/base.c.

        Raises:
            DenialError: It is none.
        """
        if len(data) < HEAD.size:
            raise DenialError(f"a denial of {len(data)} bytes")
        mono, policy, rights, cpu, tid, kind, result, form, size = HEAD.unpack_from(data)
        what = data[HEAD.size : HEAD.size + size]
        shown = {PATH: _path, ADDRESS: _peer, TARGET: _target, NAME: b"unix/@".__add__}
        try:
            found = shown[form](what) if form in shown else what
            return cls(mono, policy, rights, cpu, tid, Class(kind), found[-OBJECT_MAX:], result)
        except (ValueError, struct.error) as error:
            raise DenialError(f"no denial: {error}") from None

    def to_json(self) -> dict[str, Any]:
        """As a record of the chain shows it. The AID is 0: it is in no agent."""
        real = self.mono + time.time_ns() - time.monotonic_ns()
        return {
            "boot": _boot(),
            "mono": self.mono,
            "real": real,
            "cpu": self.cpu,
            "aid": format_aid(0),
            "tid": self.tid,
            "event": "access",
            "class": self.kind.name.lower(),
            "decision": "denied",
            "cap": 0,
            "rights": self.rights,
            "object": self.object.decode("utf-8", "backslashreplace"),
            "result": self.result,
        }

    def line(self) -> str:
        """One JSON line, without its LF."""
        return json.dumps(self.to_json(), separators=(",", ":"))

    def __str__(self) -> str:
        what = self.object.decode("utf-8", "backslashreplace")
        return f"{self.kind.name.lower()} {what}: {errno.errorcode.get(-self.result, '?')}"
