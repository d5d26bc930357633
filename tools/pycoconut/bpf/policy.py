# SPDX-License-Identifier: Apache-2.0
"""A manifest as the maps of the programs hold it, and what of it they cannot hold."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..abi import AgentRight, Class, NetProto, Who
from ..caps import Capability
from ..caps.limits import Limits
from ..caps.objects import Abstract, Agents, Digest, Network, Path
from ..errors import CoconutError
from ..manifest import Manifest

__all__ = ["NEVER_HELD", "Hierarchy", "Policy", "PolicyError", "places", "translate"]

RULES_MAX = 32
CARVED_MAX = 4
CARVING_MAX = 64
NAME_BYTES = 112
FAMILIES = {4: 2, 6: 10}

PLACE = struct.Struct("<QQQ")
CARVED = struct.Struct("<QII")
ADDRESS = struct.Struct("<16s16sQHHBB2x")
NAME = struct.Struct(f"<{NAME_BYTES}s{NAME_BYTES}sQII")

#: What no manifest gets from the prototype, whatever it says.
NEVER_HELD = (
    "delegation: there is no agent, so nobody to grant to, to revoke from or to ask",
    "protection of a record before the system call returns: a denial is told, not chained",
    "quotas, lanes and tiers",
    "the kernel's surface beyond bpf, modules, mounts and io_uring: Linux capabilities, keys",
    "times, attributes and ACLs of files: their hooks are not told the mount",
)


class PolicyError(CoconutError):
    """A manifest that the programs cannot hold anybody to."""


@dataclass(frozen=True)
class Hierarchy:
    """One capability of class fs or exec. @path and @carves as bytes, unresolved."""

    kind: Class
    path: bytes
    rights: int
    carves: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Policy:
    """What the maps are filled with.

    Attributes:
        hierarchies: Capabilities of files and programs.
        addresses: struct address_rule, one each, 48 bytes.
        names: struct name_rule, one each, 240 bytes.
        outside: AgentRight on tasks that are not held.
        not_held: Parts of the manifest that give nothing here, with the reason.
    """

    hierarchies: tuple[Hierarchy, ...] = ()
    addresses: tuple[bytes, ...] = ()
    names: tuple[bytes, ...] = ()
    outside: int = 0
    not_held: tuple[str, ...] = ()

    @property
    def carving(self) -> tuple[Hierarchy, ...]:
        """Those with carve-outs: each has a bit, its place here."""
        return tuple(h for h in self.hierarchies if h.carves)


@dataclass
class _Builder:
    hierarchies: list[Hierarchy] = field(default_factory=list)
    addresses: list[bytes] = field(default_factory=list)
    names: list[bytes] = field(default_factory=list)
    outside: int = 0
    not_held: list[str] = field(default_factory=list)

    def add(self, cap: Capability) -> None:
        if reason := _reason(cap):
            self.not_held.append(f"{cap}: {reason}")
            return
        rights = int(cap.rights)
        match cap.object:
            case Path(path):
                self.hierarchies.append(Hierarchy(cap.kind, path, rights, cap.carves))
            case Network() as network:
                self.addresses.append(_address(network, rights))
            case Abstract(name):
                self.names.append(_name(name, rights))
            case _:
                self.outside |= rights & AgentRight.SIGNAL


def _reason(cap: Capability) -> str:
    """Why a capability gives nothing here; empty: it does."""
    limits = Limits(depth=cap.limits.depth)
    if cap.limits != limits:
        return "its limits cannot be kept, so it gives nothing"
    match cap.object:
        case Path() | Network() | Abstract():
            return ""
        case Digest():
            return "a program cannot compute BLAKE3, so no digest gives a right"
        case Agents(Who.AID, 0):
            return "" if cap.rights & AgentRight.SIGNAL else "only signals are decided"
        case Agents():
            return "there are no agents here; a held program may signal its own tasks anyhow"
    return f"class {cap.kind.name.lower()} is not decided here"


def _address(network: Network, rights: int) -> bytes:
    first = network.network.network_address.packed
    mask = network.network.netmask.packed
    family = FAMILIES[network.network.version]
    return ADDRESS.pack(
        first.ljust(16, b"\0"),
        mask.ljust(16, b"\0"),
        rights,
        network.first,
        network.last,
        NetProto(network.proto),
        family,
    )


def _name(name: bytes, rights: int) -> bytes:
    wild = name.endswith(b"*")
    text = name[:-1] if wild else name
    # The whole name is compared with its padding, a prefix without.
    mask = b"\xff" * (len(text) if wild else NAME_BYTES)
    return NAME.pack(text, mask, rights, len(text), wild)


def translate(manifest: Manifest) -> Policy:
    """A manifest as a policy. Resolves no path.

    Raises:
        PolicyError: It restricts in a way that cannot be kept, or has too much of something.
    """
    if manifest.code:
        raise PolicyError(
            "a manifest that lists code cannot be held: a program cannot compute BLAKE3",
            hint="leave `code` out, and name the programs as exec:/path:run",
        )
    builder = _Builder()
    for cap in manifest.capabilities:
        builder.add(cap)
    if manifest.permissive:
        builder.not_held.append("permissive: what is missing is refused all the same")
    builder.not_held += [f"approval of {name}: nobody is asked" for name in manifest.approval]
    for what, rules in (("addresses", builder.addresses), ("names", builder.names)):
        if len(rules) > RULES_MAX:
            raise PolicyError(f"{len(rules)} {what}; the programs look at {RULES_MAX}")
    policy = Policy(
        tuple(builder.hierarchies),
        tuple(builder.addresses),
        tuple(builder.names),
        builder.outside,
        tuple(builder.not_held),
    )
    if len(policy.carving) > CARVING_MAX:
        raise PolicyError(f"{len(policy.carving)} capabilities with except; at most {CARVING_MAX}")
    return policy


@dataclass
class _Place:
    fs: int = 0
    exec: int = 0
    hides: int = 0
    carved: list[tuple[int, int, int]] = field(default_factory=list)

    def pack(self) -> bytes:
        if len(self.carved) > CARVED_MAX:
            raise PolicyError(
                f"{len(self.carved)} capabilities with except on one object; at most {CARVED_MAX}"
            )
        rows = self.carved + [(0, 0, 0)] * (CARVED_MAX - len(self.carved))
        return PLACE.pack(self.fs, self.exec, self.hides) + b"".join(
            CARVED.pack(*row) for row in rows
        )


def places(policy: Policy, resolve: Callable[[bytes], int]) -> Mapping[int, bytes]:
    """What the walk finds on each object.

    Args:
        policy: Of translate().
        resolve: Path -> the number that stands for the object at it.

    Returns:
        Number -> struct place, 88 bytes.

    Raises:
        PolicyError: Too many capabilities with carve-outs meet in one object, or one
            leaves nothing.
        OSError: What @resolve raises.
    """
    found: dict[int, _Place] = {}
    bit = 0
    for hierarchy in policy.hierarchies:
        number = resolve(hierarchy.path)
        place = found.setdefault(number, _Place())
        if not hierarchy.carves:
            if hierarchy.kind == Class.FS:
                place.fs |= hierarchy.rights
            else:
                place.exec |= hierarchy.rights
            continue
        place.carved.append((hierarchy.rights, bit, int(hierarchy.kind)))
        for carve, hidden in _resolved(hierarchy, resolve):
            if hidden == number:
                raise PolicyError(f"except={carve.decode(errors='replace')} leaves nothing")
            found.setdefault(hidden, _Place()).hides |= 1 << bit
        bit += 1
    return {number: place.pack() for number, place in found.items()}


def _resolved(hierarchy: Hierarchy, resolve: Callable[[bytes], int]) -> Iterator[tuple[bytes, int]]:
    for carve in hierarchy.carves:
        yield carve, resolve(carve)
