# SPDX-License-Identifier: Apache-2.0
"""What a specification holds once it is parsed; each part knows its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "SIZES",
    "Bit",
    "Bits",
    "Call",
    "Constant",
    "Constants",
    "Definition",
    "Enum",
    "EnumItem",
    "ErrorText",
    "Field",
    "Ioctl",
    "Ioctls",
    "Spec",
    "Struct",
]

SIZES: Mapping[str, int] = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "s32": 4, "s64": 8}


@dataclass(frozen=True)
class Constant:
    line: int
    name: str
    value: int
    literal: str
    wide: bool
    note: str
    doc: str

    @property
    def text(self) -> str:
        """The value as C writes it."""
        return self.literal + ("ULL" if self.wide else "")


@dataclass(frozen=True)
class Constants:
    line: int
    name: str
    note: str
    items: tuple[Constant, ...]


@dataclass(frozen=True)
class Bit:
    line: int
    name: str
    bit: int
    note: str
    doc: str


@dataclass(frozen=True)
class Bits:
    """A set of flags or, where `all_name` is set, the rights of a class."""

    line: int
    name: str
    python: str
    prefix: str
    note: str
    items: tuple[Bit, ...]
    class_name: str = ""
    all_name: str = ""

    @property
    def mask(self) -> int:
        return sum(1 << item.bit for item in self.items)


@dataclass(frozen=True)
class EnumItem:
    line: int
    name: str
    value: int
    note: str
    doc: str


@dataclass(frozen=True)
class Enum:
    line: int
    name: str
    python: str
    prefix: str
    note: str
    doc: str
    items: tuple[EnumItem, ...]


@dataclass(frozen=True)
class Field:
    line: int
    name: str
    type: str
    count: int
    count_text: str
    note: str
    doc: str

    @property
    def size(self) -> int:
        """Bytes."""
        return SIZES[self.type] * max(self.count, 1)


@dataclass(frozen=True)
class Struct:
    line: int
    name: str
    python: str
    note: str
    doc: str
    min_size: int
    fields: tuple[Field, ...]

    def offsets(self) -> Iterator[tuple[Field, int]]:
        """Each field and its offset in bytes, packed: check.py refuses holes."""
        at = 0
        for field in self.fields:
            yield field, at
            at += field.size

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(field.size for field in self.fields)


@dataclass(frozen=True)
class Ioctl:
    line: int
    name: str
    direction: str
    nr: int
    type: str
    note: str
    doc: str


@dataclass(frozen=True)
class Ioctls:
    line: int
    name: str
    note: str
    items: tuple[Ioctl, ...]


@dataclass(frozen=True)
class ErrorText:
    line: int
    name: str
    doc: str


@dataclass(frozen=True)
class Call:
    line: int
    name: str
    nr: int
    args: str
    names_agent: bool
    flags: tuple[str, ...]
    signature: str
    doc: str
    errors: tuple[ErrorText, ...]


Definition = Constants | Bits | Enum | Struct | Ioctls


@dataclass(frozen=True)
class Spec:
    path: Path
    header: str
    guard: str
    ioctl_type: str
    definitions: tuple[Definition, ...]
    errors: tuple[ErrorText, ...]
    agent_errors: tuple[ErrorText, ...]
    calls: tuple[Call, ...]

    def struct(self, name: str) -> Struct | None:
        return next((s for s in self.structs() if s.name == name), None)

    def structs(self) -> Iterator[Struct]:
        return (d for d in self.definitions if isinstance(d, Struct))

    def enums(self) -> Iterator[Enum]:
        return (d for d in self.definitions if isinstance(d, Enum))

    def bits(self) -> Iterator[Bits]:
        return (d for d in self.definitions if isinstance(d, Bits))

    def groups(self) -> Iterator[Bits | Enum]:
        """All that names values under a common prefix, flags and rights first."""
        yield from self.bits()
        yield from self.enums()

    def constants(self) -> Iterator[Constant]:
        for definition in self.definitions:
            if isinstance(definition, Constants):
                yield from definition.items

    def ioctls(self) -> Iterator[Ioctl]:
        for definition in self.definitions:
            if isinstance(definition, Ioctls):
                yield from definition.items

    def errors_of(self, call: Call) -> dict[str, tuple[str, ...]]:
        """All that `call` can answer: its own reasons first, then the common ones."""
        found: dict[str, tuple[str, ...]] = {}
        common = self.agent_errors if call.names_agent else ()
        for error in (*call.errors, *common, *self.errors):
            found[error.name] = (*found.get(error.name, ()), error.doc)
        return dict(sorted(found.items()))
