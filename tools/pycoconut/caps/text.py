# SPDX-License-Identifier: Apache-2.0
"""Reads the text of a capability."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntFlag
from typing import Any

from ..abi import RIGHTS, Class
from .limits import DEPTH_MAX, Limits
from .model import Capability
from .objects import Abstract, Agents, Device, Digest, Memory, Network, Object, Path, Service
from .words import U32, U64, CapError, number, seconds

__all__ = ["parse"]


def _exec(text: str) -> Object:
    return Digest.parse(text) if text.startswith("blake3=") else Path.parse(text)


def _net(text: str) -> Object:
    return Abstract.parse(text) if text.startswith("unix/@") else Network.parse(text)


PARSERS: Mapping[Class, Callable[[str], Object]] = {
    Class.FS: Path.parse,
    Class.EXEC: _exec,
    Class.NET: _net,
    Class.AGENT: Agents.parse,
    Class.DEV: Device.parse,
    Class.MEM: Memory.parse,
    Class.SVC: Service.parse,
}


def _parse_rights(kind: Class, text: str) -> IntFlag:
    known = {right.name.lower(): right for right in RIGHTS[kind] if right.name}
    rights = RIGHTS[kind](0)
    for name in text.split(","):
        if name == "all":
            for right in known.values():
                rights |= right
        elif name in known:
            rights |= known[name]
        else:
            raise CapError(
                f"class {kind.name.lower()} has no right {name!r}",
                hint=f"its rights: {', '.join(known)}, or all",
            )
    return rights


def _parse_limits(parts: list[str]) -> tuple[Limits, tuple[bytes, ...]]:
    found: dict[str, Any] = {}
    carves: list[bytes] = []
    for part in parts:
        name, equals, text = part.partition("=")
        if name == "except":
            carves.append(Path.parse(text).path)
            continue
        if name in found:
            raise CapError(f"{name} stands twice")
        if name == "approval" and not equals:
            found[name] = True
        elif name == "expires":
            found[name] = seconds(text)
        elif name == "rate":
            count, _, window = text.partition("/")
            found[name] = (number(count, U32, "rate", 1), seconds(window))
        elif name == "uses":
            found[name] = number(text, U64, name, 1)
        elif name == "depth":
            found[name] = number(text, DEPTH_MAX, name)
        else:
            raise CapError(
                f"no limit: {part}",
                hint="expires=60s, uses=5, rate=100/60s, depth=2, approval, except=/path",
            )
    return Limits(**found), tuple(carves)


def parse(text: str) -> Capability:
    """Reads the text of one capability.

    The other spellings, which can stand for several, are in pycoconut.spellings.

    Raises:
        CapError: It is none; says what is wrong.
    """
    text = text.strip()
    head, *limits = text.split(";")
    name, colon, rest = head.partition(":")
    target, second, rights = rest.rpartition(":")
    kinds = {kind.name.lower(): kind for kind in PARSERS}
    if not colon or not second or name not in kinds:
        raise CapError(
            f"no capability: {text!r}",
            hint="CLASS:OBJECT:RIGHTS[;LIMIT...], such as fs:/data/*:read_file; "
            f"classes: {', '.join(kinds)}",
        )
    kind = kinds[name]
    parsed, carves = _parse_limits(limits)
    return Capability(kind, PARSERS[kind](target), _parse_rights(kind, rights), parsed, carves)
