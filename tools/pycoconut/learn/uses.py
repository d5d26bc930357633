# SPDX-License-Identifier: Apache-2.0
"""What a run used, gathered from its records."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..abi import AgentRight, Class, Decision, Event
from ..audit import Record
from ..caps import Capability, Network, Path, parse
from .need import needed
from .why import SPAWN, explain

__all__ = ["Uses", "gather"]


@dataclass
class Uses:
    """What was used.

    Attributes:
        records: How many records went into it.
        files: Rights of class fs by path.
        programs: Paths of programs that were started.
        peers: Rights of class net, by protocol, address and port.
        others: Capabilities of the other classes, and abstract names.
        agents: It spawned agents, or reached others.
        whole: The records begin with the agent's first.
        refused: What was refused, as text, and the capability that would do if there is one.
    """

    records: int = 0
    agents: bool = False
    whole: bool = False
    files: dict[bytes, int] = field(default_factory=dict)
    programs: set[bytes] = field(default_factory=set)
    peers: dict[Network, int] = field(default_factory=dict)
    others: set[Capability] = field(default_factory=set)
    refused: dict[str, Capability | None] = field(default_factory=dict)


def gather(records: Iterable[Record]) -> Uses:
    """All that the records of one run say of what it used."""
    uses = Uses()
    for record in records:
        uses.whole |= record.event in (Event.STATE, Event.ENTER)
        if record.event not in (Event.ACCESS, Event.PRESENT, Event.SPAWN):
            continue
        uses.records += 1
        if record.event == Event.SPAWN:
            _spawn(uses, record)
            continue
        cap = needed(record)
        if record.decision == Decision.DENIED:
            _refused(uses, record, cap)
        elif cap is not None:
            _add(uses, cap)
    return uses


def _spawn(uses: Uses, record: Record) -> None:
    if record.decision == Decision.ALLOWED:
        uses.agents = True
    elif record.result == -errno.EPERM:
        uses.refused.setdefault("spawn", parse(SPAWN))


def _refused(uses: Uses, record: Record, cap: Capability | None) -> None:
    what = record.object.decode("utf-8", "backslashreplace")
    text = f"{record.kind.name.lower()} {what}: {explain(record).text}"
    uses.refused.setdefault(text if cap is None else str(cap), cap)


def _add(uses: Uses, cap: Capability) -> None:
    what = cap.object
    rights = int(cap.rights)
    if isinstance(what, Path) and cap.kind == Class.FS:
        uses.files[what.path] = uses.files.get(what.path, 0) | rights
    elif isinstance(what, Path):
        uses.programs.add(what.path)
    elif isinstance(what, Network):
        uses.peers[what] = uses.peers.get(what, 0) | rights
    elif cap.kind == Class.AGENT and cap.rights != AgentRight.SANDBOX:
        uses.agents = True
    else:
        uses.others.add(cap)
