# SPDX-License-Identifier: Apache-2.0
"""The narrowest capability that covers what a record is about."""

from __future__ import annotations

import ipaddress
import re
from enum import IntFlag

from ..abi import RIGHT_NEVER, RIGHTS, AgentRight, Class, Event, NetProto, Who
from ..audit import Record
from ..caps import (
    Abstract,
    Agents,
    Capability,
    CapError,
    Device,
    Network,
    Object,
    Path,
    Service,
    parse,
)

__all__ = ["needed", "rights_of"]

#: Longer objects lose their beginning in a record, so that one this long may have lost some.
OBJECT_MAX = 256
NET = re.compile(rb"(tcp|udp|any)/(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]+)")
TARGET = re.compile(rb"a:([0-9]+)(?:/.*)?", re.S)
#: How an object that is not in the tree is shown: it has a name and no place.
NOWHERE = re.compile(rb"/memfd:.*|.* \(deleted\)", re.S)


def rights_of(record: Record) -> IntFlag | None:
    """What was asked for; None where no capability gives it, or no class has rights."""
    known = RIGHTS.get(record.kind)
    if known is None or not record.rights or record.rights & RIGHT_NEVER:
        return None
    every = 0
    for right in known:
        every |= int(right)
    return None if record.rights & ~every else known(record.rights)


def needed(record: Record) -> Capability | None:
    """What would have allowed it, and nothing else; None where no capability would."""
    if record.event in (Event.PRESENT, Event.GRANT):
        return _request(record.object)
    if record.event != Event.ACCESS:
        return None
    rights = rights_of(record)
    if rights is None:
        return None
    if record.kind == Class.AGENT and rights == AgentRight.SANDBOX:
        return Capability(record.kind, Agents(Who.SELF), rights)
    try:
        found = _object(record.kind, record.object)
        return None if found is None else Capability(record.kind, found, rights)
    except (CapError, ValueError):
        return None


def _request(text: bytes) -> Capability | None:
    """The object of PRESENT is the request as text; of GRANT an AID stands before it."""
    if len(text) >= OBJECT_MAX:
        return None
    try:
        return parse(re.sub(rb"^a:[0-9]+ ", b"", text).decode("utf-8", "replace"))
    except CapError:
        return None


def _object(kind: Class, what: bytes) -> Object | None:
    if kind in (Class.FS, Class.EXEC):
        whole = what.startswith(b"/") and len(what) < OBJECT_MAX
        return Path(what) if whole and not NOWHERE.fullmatch(what) else None
    if kind == Class.NET:
        return _net(what)
    if kind == Class.AGENT:
        match = TARGET.fullmatch(what)
        return Agents(Who.AID, int(match[1])) if match else None
    if kind == Class.DEV:
        return Device(what.decode())
    if kind == Class.SVC:
        return Service(what.decode())
    return None


def _net(what: bytes) -> Object | None:
    if what.startswith(b"unix/@"):
        return Abstract(what[6:])
    match = NET.fullmatch(what)
    if match is None:
        return None
    address = ipaddress.ip_network((match[2] or match[3]).decode())
    port = int(match[4])
    return Network(NetProto[match[1].decode().upper()], address, port, port)
