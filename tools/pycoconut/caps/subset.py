# SPDX-License-Identifier: Apache-2.0
"""The order of capabilities: which one allows nothing that another does not, and if not, why.

Agrees with cap_subset() of the kernel (kernel/agent/cap_subset.c), but for two things
that only a running kernel knows: paths are compared as they are written, since what a
symbolic link or a bind mount leads to depends on the machine; and an expiry counts
from the grant.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..abi import RIGHTS, AgentRight, Class, NetProto
from .limits import Limits
from .model import Capability
from .objects import Abstract, Agents, Device, Digest, Memory, Network, Path, Service
from .words import escape

__all__ = ["covering", "is_subset", "shortfall"]


def is_subset(a: Capability, b: Capability) -> bool:
    """Is each operation that `a` allows also allowed by `b`, for no longer and no more often?"""
    return not shortfall(a, b)


def covering(cap: Capability, held: Iterable[Capability]) -> Capability | None:
    """The first of `held` that `cap` can be delegated from; depth is cut to what is left."""
    for own in held:
        if own.limits.depth != 0 and not shortfall(cap, own, depth=False):
            return own
    return None


def shortfall(
    a: Capability, b: Capability, *, depth: bool = True, use: bool = False
) -> tuple[str, ...]:
    """What `a` allows beyond `b`, a sentence each; empty: nothing.

    Args:
        a: The narrower, one hopes.
        b: The wider.
        depth: Compare how far they may be delegated too.
        use: `a` is one operation: limits of `b` only may have stopped it.
    """
    if a.kind != b.kind:
        return (f"{a.kind.name.lower()} is another class than {b.kind.name.lower()}",)
    found = [*_rights(a, b), *_object(a, b)]
    found += _spent(b.limits) if use else _limits(a.limits, b.limits)
    if depth and not use:
        found += _depth(a.limits, b.limits)
    return tuple(found)


def _rights(a: Capability, b: Capability) -> list[str]:
    more = int(a.rights) & ~int(b.rights)
    names = [str(r.name).lower() for r in RIGHTS[a.kind] if r & more]
    return [f"it has no right {', '.join(names)}"] if names else []


def _spent(b: Limits) -> list[str]:
    """What may have kept a capability from being used."""
    text = [part for part in b.text() if not part.startswith("depth=")]
    if b.approval:
        return ["each use of it needs an approval"]
    return [f"its {' and '.join(text)} may have run out"] if text else []


def _limits(a: Limits, b: Limits) -> list[str]:
    found = []
    if b.expires is not None and (a.expires is None or a.expires > b.expires):
        found.append(f"it ends after {b.expires} s")
    if b.uses is not None and (a.uses is None or a.uses > b.uses):
        found.append(f"it has {b.uses} uses")
    if b.rate is not None and (a.rate is None or a.rate[0] > b.rate[0] or a.rate[1] < b.rate[1]):
        found.append(f"its rate is {b.rate[0]} in {b.rate[1]} s")
    if b.approval and not a.approval:
        found.append("each use of it needs an approval")
    return found


def _depth(a: Limits, b: Limits) -> list[str]:
    if b.depth is None or (a.depth is not None and a.depth <= b.depth):
        return []
    return [f"it may be delegated {b.depth} times"]


# ---- objects ----


def _normal(path: bytes) -> bytes:
    return posixpath.normpath(b"/" + path.lstrip(b"/"))


def _beneath(path: bytes, above: bytes) -> bool:
    path, above = _normal(path), _normal(above)
    return path == above or path.startswith(above.rstrip(b"/") + b"/")


def _covers(cap: Capability, root: Path, path: bytes) -> bool:
    """Does the way up from a path meet the root, and no carve-out before it?"""
    return _beneath(path, root.path) and not any(_beneath(path, c) for c in cap.carves)


def _hierarchy(a: Capability, b: Capability, mine: Path, other: Path) -> list[str]:
    if not _beneath(mine.path, other.path):
        return [f"{escape(mine.path)} is not beneath {escape(other.path)}"]
    over = [c for c in b.carves if _beneath(mine.path, c)]
    if over:
        return [f"{escape(over[0])} is carved out of it"]
    reached = [c for c in b.carves if _covers(a, mine, c)]
    return [f"{escape(c)} is carved out of it" for c in reached[:1]]


def _programs(a: Capability, b: Capability, mine: Any, other: Any) -> list[str]:
    if isinstance(mine, Path) and isinstance(other, Path):
        return _hierarchy(a, b, mine, other)
    if isinstance(mine, Digest) and isinstance(other, Digest):
        return [] if mine == other else ["it is another program's digest"]
    return ["one is a digest, the other a place in the tree"]


def _pattern(a: bytes, b: bytes) -> bool:
    if not a.endswith(b"*"):
        return a == b or (b.endswith(b"*") and a.startswith(b[:-1]))
    return b.endswith(b"*") and len(a) >= len(b) and a.startswith(b[:-1])


def _net(_a: Capability, _b: Capability, mine: Any, other: Any) -> list[str]:
    if isinstance(mine, Abstract) != isinstance(other, Abstract):
        return ["one is an address, the other an abstract name"]
    if isinstance(mine, Abstract):
        same = _pattern(mine.name, other.name)
        return [] if same else [f"its name is {escape(other.name)}"]
    return _addresses(mine, other)


def _addresses(mine: Network, other: Network) -> list[str]:
    found = []
    if other.proto not in (NetProto.ANY, mine.proto):
        found.append(f"it is for {other.proto.name.lower()}")
    narrower = mine.network.prefixlen >= other.network.prefixlen
    if not narrower or mine.network.network_address not in other.network:
        found.append(f"its addresses are {other.network}")
    if mine.first < other.first or mine.last > other.last:
        ports = f"{other.first}" if other.first == other.last else f"{other.first}-{other.last}"
        found.append(f"its ports are {ports}")
    return found


def _agents(a: Capability, _b: Capability, mine: Agents, other: Agents) -> list[str]:
    found = []
    if a.rights & AgentRight.SPAWN and other.most and (not mine.most or mine.most > other.most):
        found.append(f"it allows {other.most} live children")
    if (mine.who, mine.aid) != (other.who, other.aid):
        found.append(f"it is about {other}")
    return found


def _device(_a: Capability, _b: Capability, mine: Device, other: Device) -> list[str]:
    found = [] if mine.name == other.name else [f"it is for {other.name}"]
    if mine.first < other.first or mine.last > other.last:
        found.append(f"its ioctls are {other.first:#x}-{other.last:#x}")
    return found


def _memory(_a: Capability, _b: Capability, mine: Memory, other: Memory) -> list[str]:
    found = [] if mine.tier == other.tier else [f"it is for {other.tier.name.lower()}"]
    if mine.size > other.size:
        found.append(f"it has {other.size} bytes")
    return found


def _service(_a: Capability, _b: Capability, mine: Service, other: Service) -> list[str]:
    same = _pattern(mine.name.encode(), other.name.encode())
    return [] if same else [f"its name is {other.name}"]


OF_CLASS: Mapping[Class, Callable[[Capability, Capability, Any, Any], Sequence[str]]] = {
    Class.FS: _hierarchy,
    Class.EXEC: _programs,
    Class.NET: _net,
    Class.AGENT: _agents,
    Class.DEV: _device,
    Class.MEM: _memory,
    Class.SVC: _service,
}


def _object(a: Capability, b: Capability) -> Sequence[str]:
    return OF_CLASS[a.kind](a, b, a.object, b.object)
