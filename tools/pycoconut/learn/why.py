# SPDX-License-Identifier: Apache-2.0
"""Why a record says what it says."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass

from ..abi import RIGHT_NEVER, Class, Decision, Event
from ..aid import format_aid
from ..audit import Record
from ..caps import Capability, parse, shortfall
from .need import needed

__all__ = ["Near", "Reason", "explain"]

NEVER = frozenset({Class.MOUNT, Class.IPC, Class.TASK, Class.KERNEL, Class.URING})

SPAWN = "agent:children/1:spawn"


@dataclass(frozen=True)
class Near:
    """A capability that is held and nearly covers it, and what it lacks."""

    capability: Capability
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class Reason:
    """Why a record says what it says.

    Attributes:
        text: One sentence.
        would_do: The narrowest capability that would have allowed it.
        near: What is held and nearly does.
    """

    text: str
    would_do: Capability | None = None
    near: tuple[Near, ...] = ()


def explain(record: Record, held: Sequence[Capability] = ()) -> Reason:
    """Of a denial: which capability was missing, the narrowest that would do, what is near it.

    Args:
        record: The record.
        held: What the agent holds, or may hold; empty: not known.
    """
    who = format_aid(record.aid)
    if record.decision == Decision.ALLOWED:
        return Reason(f"allowed by capability {record.capability} of {who}")
    if record.decision == Decision.NONE:
        return Reason("nothing was decided here")
    if record.event == Event.SPAWN:
        text = f"a spawn by {who} failed: {os.strerror(-record.result)}"
        return Reason(text, parse(SPAWN) if record.result == -errno.EPERM else None)
    if record.kind in NEVER:
        name = record.kind.name.lower()
        return Reason(f"class {name} is denied to every agent; no capability opens it")
    if record.rights & RIGHT_NEVER:
        return Reason(_wall(record))
    cap = needed(record)
    if cap is None:
        return Reason(f"no capability of {who} covers this, and the record names no object for one")
    text = f"no capability of {who} covers this"
    if record.decision == Decision.PERMITTED:
        text += "; it passed, since the agent is permissive"
    return Reason(text, cap, near(cap, held))


def _wall(record: Record) -> str:
    if record.kind == Class.NET:
        return "no capability opens this family of sockets: only Unix, TCP, UDP and route netlink"
    if record.kind == Class.EXEC:
        return "the manifest lists its code by digest, and this program is not on the list"
    return "no capability gives this: a set-user-ID file, or moving what holds a carve-out"


def near(cap: Capability, held: Sequence[Capability]) -> tuple[Near, ...]:
    """Those of what is held that lack one thing only."""
    found = []
    for own in held:
        lacks = shortfall(cap, own, use=True)
        if own.kind == cap.kind and len(lacks) == 1:
            found.append(Near(own, lacks))
    return tuple(found)
