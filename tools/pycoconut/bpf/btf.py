# SPDX-License-Identifier: Apache-2.0
"""Reads the kernel's own type information: where a member of a structure is.

Form: Documentation/bpf/btf.rst. Only what is asked for is looked at, since a kernel has
more than a hundred thousand types.
"""

from __future__ import annotations

import struct
from pathlib import Path

from ..errors import CoconutError

__all__ = ["VMLINUX", "Btf", "BtfError"]

VMLINUX = Path("/sys/kernel/btf/vmlinux")
MAGIC = 0xEB9F
INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF = range(1, 9)
VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT = range(9, 17)
DECL_TAG, TYPE_TAG, ENUM64 = range(17, 20)
#: Bytes behind the 12 of each type: so many at once, and so many for each of its parts.
ONCE = {INT: 4, ARRAY: 12, VAR: 4, DECL_TAG: 4}
EACH = {STRUCT: 12, UNION: 12, ENUM: 8, FUNC_PROTO: 8, DATASEC: 12, ENUM64: 12}
ALIASES = (TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG)
HEADER = struct.Struct("<HBBIIIII")
TYPE = struct.Struct("<III")


class BtfError(CoconutError):
    """Type information that is none, or a kernel that lacks what is asked for."""


class Btf:
    """The types of a kernel. Raises BtfError for what is no type information."""

    def __init__(self, data: bytes) -> None:
        if len(data) < HEADER.size:
            raise BtfError("no type information: too short")
        magic, _, _, head, types, types_len, strings, strings_len = HEADER.unpack_from(data)
        if magic != MAGIC:
            raise BtfError("no type information: its magic is another")
        if head + max(types + types_len, strings + strings_len) > len(data):
            raise BtfError("type information that was cut off")
        self._types = data[head + types : head + types + types_len]
        self._strings = data[head + strings : head + strings + strings_len]
        self._offsets = [0]
        self._by_name: dict[tuple[int, int], int] = {}
        try:
            self._index()
        except struct.error:
            raise BtfError("type information that ends within a type") from None

    @classmethod
    def of_kernel(cls, path: Path = VMLINUX) -> Btf:
        """That of the running kernel.

        Raises:
            BtfError: It has none.
        """
        try:
            return cls(path.read_bytes())
        except FileNotFoundError:
            raise BtfError(
                f"there is no {path}", hint="a kernel with CONFIG_DEBUG_INFO_BTF=y has it"
            ) from None

    def _index(self) -> None:
        types, place, end = self._types, 0, len(self._types)
        offsets, by_name = self._offsets, self._by_name
        unpack = TYPE.unpack_from
        while place < end:
            name, info, _ = unpack(types, place)
            kind = info >> 24 & 0x1F
            offsets.append(place)
            if kind in (STRUCT, UNION, FUNC):
                by_name.setdefault((kind, name), len(offsets) - 1)
            place += 12 + ONCE.get(kind, 0) + EACH.get(kind, 0) * (info & 0xFFFF)
        if place > end:
            raise BtfError("type information that ends within a type")

    def _type(self, number: int) -> tuple[int, int, int, int, bool]:
        """Kind, name, how many parts, size or type, and whether bit fields are marked."""
        if not 0 < number < len(self._offsets):
            raise BtfError(f"there is no type {number}")
        name, info, size = TYPE.unpack_from(self._types, self._offsets[number])
        return info >> 24 & 0x1F, name, info & 0xFFFF, size, bool(info >> 31)

    def _name(self, offset: int) -> str:
        end = self._strings.find(b"\0", offset)
        return self._strings[offset:end].decode("ascii", "replace")

    def _find(self, kind: int, name: str) -> int:
        """The number of a type; 0: there is none."""
        wanted = b"\0" + name.encode() + b"\0"
        place = self._strings.find(wanted)
        while place >= 0:
            if (kind, place + 1) in self._by_name:
                return self._by_name[kind, place + 1]
            place = self._strings.find(wanted, place + 1)
        return 0

    def _plain(self, number: int) -> int:
        """Behind typedefs and qualifiers."""
        kind, _, _, target, _ = self._type(number)
        while kind in ALIASES:
            number = target
            kind, _, _, target, _ = self._type(number)
        return number

    def _member(self, number: int, name: str) -> tuple[int, int] | None:
        """Offset in bits and type of a member, those of nameless members among them."""
        kind, _, count, _, marked = self._type(number)
        if kind not in (STRUCT, UNION):
            return None
        start = self._offsets[number] + 12
        for i in range(count):
            text, inner, bits = TYPE.unpack_from(self._types, start + 12 * i)
            place = bits & 0xFFFFFF if marked else bits
            if text and self._name(text) == name:
                return place, inner
            if not text and (found := self._member(self._plain(inner), name)):
                return place + found[0], found[1]
        return None

    def offset(self, path: str) -> int:
        """Bytes from the start of a structure to a member: `sock.__sk_common.skc_family`.

        Raises:
            BtfError: This kernel has no such member.
        """
        first, *rest = path.split(".")
        number, bits = self._find(STRUCT, first), 0
        for name in rest:
            found = self._member(self._plain(number), name) if number else None
            if found is None:
                raise BtfError(f"this kernel has no {path}", hint="5.15 or later is needed")
            bits, number = bits + found[0], found[1]
        return bits // 8

    def function(self, name: str) -> int | None:
        """How many arguments a function has; None: this kernel has no such function."""
        number = self._find(FUNC, name)
        if not number:
            return None
        _, _, _, proto, _ = self._type(number)
        return self._type(proto)[2]
