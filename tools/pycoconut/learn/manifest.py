# SPDX-License-Identifier: Apache-2.0
"""The manifest that the records of a run make: minimal, readable, the same each time."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..abi import Class, ExecRight, FsRight, NetRight
from ..audit import Record
from ..caps import NO_LIMITS, Capability, Network, Path, is_subset, parse
from ..manifest import Manifest
from .places import CARVED, MAKES, READS, SHARED, hierarchies, is_secret, program_places
from .uses import Uses, gather

__all__ = ["Learned", "learn"]

#: The ports that Linux gives out by itself (net.ipv4.ip_local_port_range).
EPHEMERAL = (32768, 60999)
#: As many addresses with one port stand for all.
MANY_ADDRESSES = 4
HARMLESS = tuple(
    b"/dev/" + name
    for name in (b"null", b"zero", b"full", b"random", b"urandom", b"tty", b"ptmx", b"pts")
)
SYSTEM = (b"/usr", b"/etc", b"/boot", b"/dev", b"/proc", b"/sys", b"/bin", b"/sbin", b"/lib")
PROC = ("what all processes show of themselves", "it writes beneath /proc")
TITLES = {
    Class.EXEC: "programs it starts",
    Class.FS: "files",
    Class.NET: "network",
    Class.SVC: "services",
    Class.AGENT: "agents",
}


@dataclass(frozen=True)
class Learned:
    """What was learned.

    Attributes:
        manifest: The capabilities that the run needs, in the manifest it had.
        warnings: What to look at, by capability.
        refused: What the run was refused, and is not in the manifest.
        records: How many records it was learned from.
        whole: They begin with the agent's first; else something may be missing.
    """

    manifest: Manifest
    warnings: dict[Capability, str]
    refused: dict[str, Capability | None]
    records: int
    whole: bool

    def yaml(self) -> str:
        """As text with comments, for a file."""
        described = self.manifest.describe()
        lines = [f"# Learned from {self.records} records. Read it before you sign it."]
        if not self.whole:
            lines.append("# The agent's first records are not among them: more may be needed.")
        for key, value in described.items():
            if key != "capabilities" and value not in ([], {}):
                lines.append(f"{key}: {json.dumps(value)}")
        lines += ["capabilities:", *self._capabilities()]
        if self.refused:
            lines += ["# Refused in the run; not granted here:"]
            lines += [f"#   {json.dumps(text)}" for text in sorted(self.refused)]
        return "\n".join(lines) + "\n"

    def _capabilities(self) -> Iterator[str]:
        last = None
        for cap in self.manifest.capabilities:
            if cap.kind != last and cap.kind in TITLES:
                yield f"  # {TITLES[cap.kind]}"
            last = cap.kind
            if cap in self.warnings:
                yield f"  # careful: {self.warnings[cap]}"
            yield f"  - {json.dumps(str(cap))}"


def learn(records: Iterable[Record], manifest: Manifest | None = None) -> Learned:
    """The manifest that lets a run like this one pass.

    Args:
        records: Of one agent, whole.
        manifest: What it ran with: name, tenant and the like are taken from it.
    """
    uses = gather(records)
    base = manifest or Manifest("learned")
    caps = tuple(_limited(cap, base) for cap in _capabilities(uses))
    caps += tuple(_agents(uses, base))
    learned = Manifest(
        **{**vars(base), "capabilities": caps, "permissive": False},
    )
    written = [c for c in caps if c.kind == Class.FS and _changes(c)]
    found = {cap: text for cap in caps if (text := _careful(cap, written))}
    return Learned(learned, found, uses.refused, uses.records, uses.whole)


def _capabilities(uses: Uses) -> Iterator[Capability]:
    for path in program_places(uses.programs, uses.files):
        yield Capability(Class.EXEC, Path(path, _is_place(path, uses)), ExecRight.RUN)
    for path, rights in hierarchies(uses.files).items():
        carves = (CARVED,) if path == b"/proc" else ()
        beneath = _is_place(path, uses)
        yield Capability(Class.FS, Path(path, beneath), FsRight(rights), carves=carves)
    yield from _network(uses)
    yield from sorted(uses.others, key=str)


def _limited(cap: Capability, base: Manifest) -> Capability:
    """With the limits of what it was allowed by: to learn must not loosen them."""
    for own in base.capabilities:
        narrow = replace(cap, limits=own.limits)
        if own.limits != NO_LIMITS and is_subset(narrow, own):
            return narrow
    return cap


def _agents(uses: Uses, base: Manifest) -> list[Capability]:
    """AIDs are others in each run, so that what it held of agents is kept as it was."""
    if not uses.agents:
        return []
    kept = [cap for cap in base.capabilities if cap.kind == Class.AGENT]
    return kept or [parse("agent:children/0:spawn")]


def _is_place(path: bytes, uses: Uses) -> bool:
    """Does it stand for more than itself? Then it is written with /*."""
    inner = path.rstrip(b"/") + b"/"
    return any(p.startswith(inner) for p in (*uses.files, *uses.programs))


# ---- network ----


def _network(uses: Uses) -> Iterator[Capability]:
    rights: dict[Network, int] = {}
    for peer, asked in uses.peers.items():
        wide = _ports(peer, asked)
        rights[wide] = rights.get(wide, 0) | asked
    alike: dict[tuple[object, ...], list[Network]] = {}
    for peer, asked in rights.items():
        key = (peer.proto, peer.network.version, peer.first, peer.last, asked)
        alike.setdefault(key, []).append(peer)
    for peers in alike.values():
        asked = rights[peers[0]]
        for peer in [_anywhere(peers[0])] if _many(peers) else peers:
            rights[peer] = rights.get(peer, 0) | asked
        if _many(peers):
            for peer in peers:
                del rights[peer]
    for peer in sorted(rights, key=str):
        yield Capability(Class.NET, peer, NetRight(rights[peer]))


def _ports(peer: Network, asked: int) -> Network:
    """A port that the system chose will be another one."""
    chosen = EPHEMERAL[0] <= peer.first <= EPHEMERAL[1]
    if not chosen or not (asked & ~NetRight.CONNECT or peer.network.is_loopback):
        return peer
    return Network(peer.proto, peer.network, *EPHEMERAL)


def _many(peers: list[Network]) -> bool:
    return len(peers) >= MANY_ADDRESSES and not peers[0].network.is_loopback


def _anywhere(peer: Network) -> Network:
    everywhere = ipaddress.ip_network("0.0.0.0/0" if peer.network.version == 4 else "::/0")
    return Network(peer.proto, everywhere, peer.first, peer.last)


# ---- what to look at ----


def _changes(cap: Capability) -> bool:
    return bool(int(cap.rights) & (MAKES | int(FsRight.WRITE_FILE)))


def _careful(cap: Capability, written: list[Capability]) -> str:
    what = cap.object
    if isinstance(what, Path) and cap.kind == Class.FS:
        return _careful_file(what.path, int(cap.rights))
    if isinstance(what, Path):
        return _careful_program(what.path, written)
    if isinstance(what, Network) and not what.network.is_loopback:
        wide = what.network.prefixlen == 0
        return "any address" if wide else ""
    return ""


def _lies_in(path: bytes, above: bytes) -> bool:
    return path == above or path.startswith(above.rstrip(b"/") + b"/")


def _careful_program(path: bytes, written: list[Capability]) -> str:
    places = [c.object.path for c in written if isinstance(c.object, Path)]
    if any(_lies_in(path, p) or _lies_in(p, path) for p in places):
        return "it may run what it writes"
    return ""


def _careful_file(path: bytes, rights: int) -> str:
    if is_secret(path):
        return "the name is that of a secret"
    if path == b"/proc" or any(_lies_in(path, place) for place in HARMLESS):
        return PROC[bool(rights & ~READS)] if path == b"/proc" else ""
    if rights & int(FsRight.CONNECT):
        return "whoever listens there acts for it"
    if path in SHARED and rights & ~READS:
        return "others keep files there too"
    if rights & ~READS and any(_lies_in(path, place) for place in SYSTEM):
        return "it changes the system"
    if rights & int(FsRight.SETATTR) and not rights & MAKES:
        return "it changes modes, owners or times"
    return ""
