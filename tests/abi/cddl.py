# SPDX-License-Identifier: Apache-2.0
"""A validator for the CDDL (RFC 8610) that syscalls/*.cddl is written in, and no more of it.

The rules are read into functions that say whether a decoded value fits. What this
does not know it refuses to read, so that no part of a file goes unchecked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pycoconut import cbor

__all__ = ["CddlError", "Schema"]

TOKEN = re.compile(
    r"""\s+|;[^\n]*|(?P<token>"[^"]*"|\#6\.\d+|\.\.|\.(?:size|cbor)|=>|//|[-]?\d+"""
    r"""|[A-Za-z_][A-Za-z0-9_-]*|[=/\[\]{}(),:?*+&])"""
)
MANY = 1 << 30
Check = Callable[[Any], bool]


class CddlError(Exception):
    """A part of the language that this does not know, or a mistake."""


@dataclass(frozen=True)
class Entry:
    """One entry of a group: how often, under which key, of which type.

    `name` is that of a rule where the entry is nothing else: it can be a group.
    """

    least: int
    most: int
    key: Check | None
    check: Check
    name: str = ""


Group = tuple[tuple[Entry, ...], ...]


def _int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is(wanted: object) -> Check:
    return lambda value: type(value) is type(wanted) and value == wanted


PRELUDE: dict[str, Check] = {
    "any": lambda value: True,
    "uint": lambda value: _int(value) and value >= 0,
    "int": _int,
    "bstr": lambda value: isinstance(value, bytes),
    "tstr": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "true": _is(True),
    "false": _is(False),
}


def tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise CddlError(f"not read: {text[at : at + 40]!r}")
        at = match.end()
        if match["token"]:
            yield match["token"]


class Schema:
    """The rules of one or more files."""

    def __init__(self, text: str) -> None:
        self.tokens = list(tokens(text))
        self.at = 0
        self.types: dict[str, Check] = {}
        self.groups: dict[str, Group] = {}
        self.names: set[str] = set()
        self.used: set[str] = set()
        while self.at < len(self.tokens):
            self._rule()
        missing = self.used - self.names - set(PRELUDE)
        if missing:
            raise CddlError(f"no rules: {', '.join(sorted(missing))}")

    def fits(self, rule: str, value: Any) -> bool:
        """Does a decoded value fit a rule?"""
        return self.types[rule](value)

    # ---- reading ----

    def _peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else ""

    def _take(self, wanted: str = "") -> str:
        token = self._peek()
        if not token or (wanted and token != wanted):
            raise CddlError(f"{token!r} where {wanted!r} should be, token {self.at}")
        self.at += 1
        return token

    def _rule(self) -> None:
        name = self._take()
        self._take("=")
        if name in self.names:
            raise CddlError(f"{name} stands twice")
        self.names.add(name)
        if self._peek() == "(":
            self._take()
            self.groups[name] = self._group(")")
        else:
            self.types[name] = self._type()

    def _type(self) -> Check:
        choices = [self._one()]
        while self._peek() == "/":
            self._take()
            choices.append(self._one())
        return lambda value: any(check(value) for check in choices)

    def _one(self) -> Check:
        check = self._simple()
        while self._peek() in (".size", ".cbor"):
            check = self._control(self._take(), check)
        return check

    def _control(self, name: str, check: Check) -> Check:
        inner = self._simple()
        if name == ".size":
            return lambda value: check(value) and inner(_size(value))
        return lambda value: check(value) and _holds(value, inner)

    def _simple(self) -> Check:
        token = self._take()
        if token == "(":
            check = self._type()
            self._take(")")
            return check
        if token == "[":
            group = self._group("]")
            return lambda value: isinstance(value, list) and self._array(group, value)
        if token == "{":
            group = self._group("}")
            return lambda value: isinstance(value, dict) and self._map(group, value)
        if token == "&":
            self._take("(")
            group = self._group(")")
            return lambda value: any(entry.check(value) for entry in group[0])
        if token.startswith("#6."):
            return self._tag(int(token[3:]))
        if token.startswith('"'):
            return _is(token[1:-1])
        if token.lstrip("-").isdigit():
            return self._number(int(token))
        if not token[0].isalpha():
            raise CddlError(f"no type: {token!r}, token {self.at}")
        self.used.add(token)
        return lambda value: (self.types.get(token) or PRELUDE[token])(value)

    def _tag(self, number: int) -> Check:
        self._take("(")
        inner = self._type()
        self._take(")")
        return lambda value: (
            isinstance(value, cbor.Tag) and value.number == number and inner(value.value)
        )

    def _number(self, first: int) -> Check:
        if self._peek() != "..":
            return _is(first)
        self._take()
        last = int(self._take())
        return lambda value: _int(value) and first <= value <= last

    def _group(self, end: str) -> Group:
        choices: list[list[Entry]] = [[]]
        while self._peek() != end:
            if self._peek() == "//":
                self._take()
                choices.append([])
                continue
            choices[-1].append(self._entry())
            if self._peek() == ",":
                self._take()
        self._take(end)
        return tuple(tuple(choice) for choice in choices)

    def _occurrence(self) -> tuple[int, int]:
        if self._peek() in ("?", "+"):
            return (0, 1) if self._take() == "?" else (1, MANY)
        numbered = self._peek().isdigit() and self._peek(1) == "*"
        if not numbered and self._peek() != "*":
            return 1, 1
        least = int(self._take()) if numbered else 0
        self._take("*")
        bounded = self._peek().isdigit() and self._peek(1) not in (":", "=>", "..")
        return least, int(self._take()) if bounded else MANY

    def _entry(self) -> Entry:
        least, most = self._occurrence()
        token = self._peek()
        if self._peek(1) == ":":
            self._take()
            self._take()
            literal: object = int(token) if token.lstrip("-").isdigit() else token.strip('"')
            return Entry(least, most, _is(literal), self._type())
        start = self.at
        check = self._type()
        if self._peek() == "=>":
            self._take()
            return Entry(least, most, check, self._type())
        name = token if self.at == start + 1 else ""
        return Entry(least, most, None, check, name)

    # ---- matching ----

    def _flat(self, group: Group) -> Iterator[tuple[Entry, ...]]:
        """The choices of a group, named groups put in."""
        for choice in group:
            yield from self._spread(choice)

    def _spread(self, entries: Sequence[Entry]) -> Iterator[tuple[Entry, ...]]:
        if not entries:
            yield ()
            return
        first, rest = entries[0], entries[1:]
        heads: Iterator[tuple[Entry, ...]] = iter([(first,)])
        if first.name in self.groups:
            heads = self._flat(self.groups[first.name])
        for head in heads:
            for tail in self._spread(rest):
                yield (*head, *tail)

    def _array(self, group: Group, values: list[Any]) -> bool:
        return any(self._sequence(choice, values) for choice in self._flat(group))

    def _sequence(self, entries: Sequence[Entry], values: Sequence[Any]) -> bool:
        if not entries:
            return not values
        first = entries[0]
        for count in range(min(first.most, len(values)) + 1):
            if count and not first.check(values[count - 1]):
                return False
            if count >= first.least and self._sequence(entries[1:], values[count:]):
                return True
        return False

    def _map(self, group: Group, value: dict[Any, Any]) -> bool:
        return any(self._pairs(choice, value) for choice in self._flat(group))

    def _pairs(self, entries: Sequence[Entry], value: dict[Any, Any]) -> bool:
        left = dict(value)
        for entry in entries:
            if entry.key is None:
                raise CddlError("an entry of a map without a key")
            keys = [key for key in left if entry.key(key)][: entry.most]
            if len(keys) < entry.least or not all(entry.check(left.pop(key)) for key in keys):
                return False
        return not left


def _size(value: Any) -> int:
    return len(value.encode()) if isinstance(value, str) else len(value)


def _holds(value: bytes, inner: Check) -> bool:
    try:
        return inner(cbor.decode(value))
    except cbor.CborError:
        return False
