# SPDX-License-Identifier: Apache-2.0
"""Deterministic CBOR (RFC 8949 section 4.2), bounded: the subset that the kernel reads.

Why not a general library: what comes in is hostile. Here nothing is read that has
a second encoding, depth is bounded before anything is built, and what is written
is what kernel/agent/cbor.c accepts. Integers, byte and text strings, arrays,
maps, tags, true, false, null; no floats, no indefinite lengths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import CoconutError

__all__ = ["MAX_DEPTH", "CborError", "Tag", "decode", "decode_sequence", "encode", "head"]

#: Arrays, maps and tags within each other.
MAX_DEPTH = 16
MAX_UINT = (1 << 64) - 1

UINT, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
SIMPLES: Mapping[int, bool | None] = {20: False, 21: True, 22: None}


class CborError(CoconutError):
    """The bytes are not deterministic CBOR, or a value cannot be written as such."""


@dataclass(frozen=True)
class Tag:
    """A tagged value."""

    number: int
    value: Any


def head(major: int, value: int) -> bytes:
    """The first bytes of an item, as short as they can be."""
    if not 0 <= value <= MAX_UINT:
        raise CborError(f"{value} does not fit into 64 bits")
    first = major << 5
    if value < 24:
        return bytes((first | value,))
    for code, size in ((24, 1), (25, 2), (26, 4)):
        if value < 1 << 8 * size:
            return bytes((first | code,)) + value.to_bytes(size, "big")
    return bytes((first | 27,)) + value.to_bytes(8, "big")


def encode(value: Any) -> bytes:
    """Encodes a value; the keys of maps are sorted by their encoded bytes.

    Raises:
        CborError: It holds a type that has no place here, or is too deep.
    """
    out: list[bytes] = []
    _encode(value, out, MAX_DEPTH)
    return b"".join(out)


def _encode(value: Any, out: list[bytes], depth: int) -> None:
    if depth < 0:
        raise CborError(f"deeper than {MAX_DEPTH}")
    if value is None or isinstance(value, bool):
        out.append(bytes((SIMPLE << 5 | (22 if value is None else 20 + value),)))
    elif isinstance(value, int):
        out.append(head(UINT, value) if value >= 0 else head(NEGATIVE, -1 - value))
    elif isinstance(value, bytes | bytearray | memoryview):
        out.append(head(BYTES, len(value)))
        out.append(bytes(value))
    elif isinstance(value, str):
        text = _utf8(value)
        out.append(head(TEXT, len(text)))
        out.append(text)
    elif isinstance(value, Tag):
        out.append(head(TAG, value.number))
        _encode(value.value, out, depth - 1)
    elif isinstance(value, Mapping):
        _encode_map(value, out, depth)
    elif isinstance(value, Sequence):
        out.append(head(ARRAY, len(value)))
        for item in value:
            _encode(item, out, depth - 1)
    else:
        raise CborError(f"no CBOR for {type(value).__name__}")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise CborError("text that is not UTF-8") from None


def _encode_map(value: Mapping[Any, Any], out: list[bytes], depth: int) -> None:
    keys = {encode(key): item for key, item in value.items()}
    if len(keys) != len(value):
        raise CborError("two keys with one encoding")
    out.append(head(MAP, len(keys)))
    for key in sorted(keys):
        out.append(key)
        _encode(keys[key], out, depth - 1)


class _Reader:
    """Where a decoder stands in its bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def head(self) -> tuple[int, int]:
        """Major type and argument; refuses what could be said shorter."""
        first = self.take(1)[0]
        major, code = first >> 5, first & 31
        if code < 24:
            return major, code
        if code > 27 or major == SIMPLE:
            raise CborError(f"byte {self.at - 1}: no deterministic item")
        size = 1 << (code - 24)
        value = int.from_bytes(self.take(size), "big")
        if value < (24 if size == 1 else 1 << 4 * size):
            raise CborError(f"byte {self.at - size}: a number longer than it must be")
        return major, value

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise CborError(f"byte {len(self.data)}: ends too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def item(self, depth: int = MAX_DEPTH) -> Any:
        if depth < 0:
            raise CborError(f"byte {self.at}: deeper than {MAX_DEPTH}")
        start = self.at
        major, value = self.head()
        if major == UINT:
            return value
        if major == NEGATIVE:
            return -1 - value
        if major == BYTES:
            return self.take(value)
        if major == TEXT:
            return self._text(value)
        if major == SIMPLE:
            if value not in SIMPLES:
                raise CborError(f"byte {start}: simple value {value}")
            return SIMPLES[value]
        if major == TAG:
            return Tag(value, self.item(depth - 1))
        # Each element takes a byte at the least: a count beyond that lies.
        if value > len(self.data) - self.at:
            raise CborError(f"byte {start}: more elements than bytes")
        if major == ARRAY:
            return [self.item(depth - 1) for _ in range(value)]
        return self._map(value, depth - 1)

    def _text(self, size: int) -> str:
        start = self.at
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            raise CborError(f"byte {start}: text that is not UTF-8") from None

    def _map(self, size: int, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        last = b""
        for _ in range(size):
            start = self.at
            key = self.item(depth)
            raw = self.data[start : self.at]
            if raw <= last:
                raise CborError(f"byte {start}: keys out of order, or one twice")
            if not isinstance(key, int | str | bytes) or isinstance(key, bool):
                raise CborError(f"byte {start}: a key that is neither number nor string")
            last = raw
            found[key] = self.item(depth)
        return found


def decode(data: bytes) -> Any:
    """Decodes one item that fills all of `data`.

    Raises:
        CborError: It is not deterministic CBOR, or bytes are left over.
    """
    reader = _Reader(bytes(data))
    value = reader.item()
    if reader.at != len(data):
        raise CborError(f"byte {reader.at}: more than one item")
    return value


def decode_sequence(data: bytes) -> Iterator[tuple[Any, bytes]]:
    """Yields each item of a CBOR sequence (RFC 8742) and its bytes.

    Raises:
        CborError: As decode(); what came before was yielded.
    """
    reader = _Reader(bytes(data))
    while reader.at < len(data):
        start = reader.at
        value = reader.item()
        yield value, reader.data[start : reader.at]
