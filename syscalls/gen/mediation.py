# SPDX-License-Identifier: Apache-2.0
"""Documentation/security/coconut/syscalls.rst, from syscalls/mediation.yaml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .parse import Complaint, SpecError
from .render.text import wrap

__all__ = ["KINDS", "OUTPUT", "SOURCE", "Group", "parse", "render"]

SOURCE = Path("syscalls/mediation.yaml")
OUTPUT = "Documentation/security/coconut/syscalls.rst"
KINDS = ("mediated", "denied", "harmless", "absent")
BY_HOOKS = ("mediated", "denied")
KEYS = {"calls", "about", "limit", "escapes", *KINDS}

INTRO = (
    "What a task of an agent meets at each system call that x86-64 has a number for. "
    "A hook that is named here stands in ``security/coconut``; what it asks is in the table of "
    ":doc:`index`. The 32-bit and the x32 tables lead to the same functions and the same hooks, "
    "and are not built.",
    "*mediated*: a capability decides. *denied*: no capability can allow it, or what of it would "
    "reach beyond the agent. *harmless*: nothing has to decide, and why. *absent*: there is no "
    "such call.",
)


@dataclass(frozen=True)
class Group:
    """System calls that are treated alike."""

    line: int
    calls: tuple[str, ...]
    kind: str
    hooks: tuple[str, ...]
    about: str
    limit: str
    escapes: tuple[str, ...]


class _Loader(yaml.SafeLoader):
    """Keeps the line of each mapping, as the key \"\"."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    return {"": node.start_mark.line + 1, **loader.construct_mapping(node, deep=True)}


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _flat(value: Any) -> Iterator[str]:
    """Names in a list, or in lists of a list."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield str(item)


def _group(raw: dict[str, Any]) -> tuple[Group | None, list[str]]:
    kinds = [kind for kind in KINDS if kind in raw]
    wrong = [f"unknown key: {key}" for key in raw if key and key not in KEYS]
    if len(kinds) != 1:
        return None, [*wrong, f"one of {', '.join(KINDS)} is needed, not {len(kinds)}"]
    kind = kinds[0]
    by_hooks = kind in BY_HOOKS
    if by_hooks != isinstance(raw[kind], list):
        return None, [*wrong, f"{kind}: {'a list of hooks' if by_hooks else 'a reason'} is needed"]
    if by_hooks != ("about" in raw):
        wrong.append(f"{kind}: about is {'missing' if by_hooks else 'for what hooks decide'}")
    group = Group(
        raw[""],
        tuple(_flat(raw.get("calls", []))),
        kind,
        tuple(raw[kind]) if by_hooks else (),
        str(raw.get("about", "") if by_hooks else raw[kind]),
        str(raw.get("limit", "")),
        tuple(_flat(raw.get("escapes", []))),
    )
    return group, wrong if group.calls else [*wrong, "no calls"]


def parse(path: Path, name: Path = SOURCE) -> tuple[Group, ...]:
    """Reads and checks the file.

    Raises:
        SpecError: Something in it is wrong; all of it is said, each with its line.
    """
    # A SafeLoader with one more constructor, which makes a dict.
    raw = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    groups: list[Group] = []
    complaints: list[Complaint] = []
    for item in raw["groups"]:
        group, wrong = _group(item)
        complaints += [Complaint(name, item[""], text) for text in wrong]
        groups += [group] if group else []
    times = Counter(call for group in groups for call in group.calls)
    complaints += [
        Complaint(name, group.line, f"{call} stands here twice, or elsewhere too")
        for group in groups
        for call in group.calls
        if times[call] > 1
    ]
    if complaints:
        raise SpecError(complaints)
    return tuple(groups)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _cells(call: str, group: Group) -> Sequence[str]:
    parts = [", ".join(f"``{hook}``" for hook in group.hooks), _sentence(group.about)]
    if group.limit:
        parts.append(f"*Limit:* {_sentence(group.limit)}")
    if group.escapes:
        parts.append("Tried by " + ", ".join(f"``{name}``" for name in group.escapes) + ".")
    first = f"{parts[0]}: {parts[1]}" if group.hooks else parts[1]
    return f"``{call}``", group.kind, " ".join([first, *parts[2:]])


def _table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield from (".. list-table::", "   :header-rows: 1", "   :widths: 20 12 68", "")
    for row in rows:
        for i, cell in enumerate(row):
            lead = "   * - " if i == 0 else "     - "
            yield from wrap(cell, "       ", first=lead, width=96)
    yield ""


def render(groups: Sequence[Group]) -> str:
    """The page: a row for each system call, by name."""
    rows = sorted((call, group) for group in groups for call in group.calls)
    counts = Counter(group.kind for _, group in rows)
    title = "System calls"
    lines = [
        f".. Generated from {SOURCE} by `make regen`; edit that.",
        ".. SPDX-License-Identifier: GPL-2.0",
        "",
        "=" * len(title),
        title,
        "=" * len(title),
        "",
    ]
    for paragraph in INTRO:
        lines += [*wrap(paragraph), ""]
    total = ", ".join(f"{counts[kind]} are {kind}" for kind in KINDS)
    lines += [*wrap(f"Of {len(rows)} calls {total}."), ""]
    lines += _table([("Call", "Is", "By"), *(_cells(call, group) for call, group in rows)])
    return "\n".join(lines).rstrip("\n") + "\n"
