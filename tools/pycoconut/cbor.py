# SPDX-License-Identifier: Apache-2.0
"""Deterministic CBOR (RFC 8949 section 4.2), bounded: cbor2, and what it may be fed.

What comes in is hostile. Before anything is built, a walk over the heads bounds
depth and refuses every type that has no place here; what was built is encoded
again, and other bytes than those that came are refused: so keys are in order and
once, and numbers are as short as they can be. Integers, byte and text strings,
arrays, maps, the tag of COSE_Sign1, true, false, null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cbor2

from .errors import CoconutError

__all__ = ["MAX_DEPTH", "CborError", "Tag", "decode", "decode_sequence", "encode", "head"]

#: Arrays, maps and tags within each other.
MAX_DEPTH = 16
TAGS = frozenset({18})

UINT, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
FALSE, NULL = 20, 22
U64 = (1 << 64) - 1


class CborError(CoconutError):
    """The bytes are not deterministic CBOR, or a value cannot be written as such."""


@dataclass(frozen=True)
class Tag:
    """A tagged value."""

    number: int
    value: Any


def head(major: int, value: int) -> bytes:
    """The first bytes of an item, as short as they can be."""
    if not 0 <= value <= U64:
        raise CborError(f"{value} does not fit into 64 bits")
    data = bytearray(cbor2.dumps(value))
    data[0] |= major << 5
    return bytes(data)


def encode(value: Any) -> bytes:
    """Encodes a value; the keys of maps are sorted by their encoded bytes.

    Raises:
        CborError: It holds a type that has no place here, or is too deep.
    """
    return cbor2.dumps(_plain(value, MAX_DEPTH))


def _plain(value: Any, depth: int) -> Any:
    """What cbor2 is given: maps in order, text that is UTF-8, nothing that it would guess at."""
    if depth < 0:
        raise CborError(f"deeper than {MAX_DEPTH}")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -U64 - 1 <= value <= U64:
            raise CborError(f"{value} does not fit into 64 bits")
        return int(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        return _utf8(value)
    if isinstance(value, Tag):
        return cbor2.CBORTag(value.number, _plain(value.value, depth - 1))
    if isinstance(value, Mapping):
        pairs = [(encode(k), _plain(k, 0), _plain(v, depth - 1)) for k, v in value.items()]
        return {key: item for _, key, item in sorted(pairs, key=lambda pair: pair[0])}
    if isinstance(value, Sequence):
        return [_plain(item, depth - 1) for item in value]
    raise CborError(f"no CBOR for {type(value).__name__}")


def _utf8(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CborError("text that is not UTF-8") from None
    return str(text)


def _walk(data: bytes, start: int) -> int:
    """Where the item that starts here ends; builds nothing."""
    at = start
    left = [1]
    while left:
        if left[-1] == 0:
            left.pop()
            continue
        left[-1] -= 1
        major, value, at = _head(data, at)
        if major in (BYTES, TEXT):
            at += value
        elif major in (ARRAY, MAP, TAG):
            if major == TAG and value not in TAGS:
                raise CborError(f"byte {at}: the tag {value} has no place here")
            left.append(value * 2 if major == MAP else 1 if major == TAG else value)
            # Each element takes a byte at the least: a count beyond that lies.
            if left[-1] > len(data) - at:
                raise CborError(f"byte {at}: more elements than bytes")
            if len(left) > MAX_DEPTH + 1:
                raise CborError(f"byte {at}: deeper than {MAX_DEPTH}")
        if at > len(data):
            raise CborError(f"byte {len(data)}: ends too early")
    return at


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument, and where what follows starts."""
    if at >= len(data):
        raise CborError(f"byte {at}: ends too early")
    major, code = data[at] >> 5, data[at] & 31
    if major == SIMPLE and not FALSE <= code <= NULL:
        raise CborError(f"byte {at}: no true, false or null")
    if code < 24:
        return major, code, at + 1
    if code > 27:
        raise CborError(f"byte {at}: no definite length")
    end = at + 1 + (1 << code - 24)
    if end > len(data):
        raise CborError(f"byte {at}: ends too early")
    return major, int.from_bytes(data[at + 1 : end], "big"), end


def _ours(value: Any) -> Any:
    """What cbor2 built, as this module hands it out."""
    if isinstance(value, cbor2.CBORTag):
        return Tag(value.tag, _ours(value.value))
    # Within a tag or a key cbor2 builds what cannot change: tuples and frozen maps.
    if isinstance(value, list | tuple):
        return [_ours(item) for item in value]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, int | str | bytes) or isinstance(key, bool):
                raise CborError("a key that is neither number nor string")
        return {key: _ours(item) for key, item in value.items()}
    return value


def _item(raw: bytes) -> Any:
    try:
        value = _ours(cbor2.loads(raw))
    except (cbor2.CBORDecodeError, ValueError, TypeError) as error:
        raise CborError(f"no CBOR: {error}") from None
    if encode(value) != raw:
        raise CborError("not deterministic: it could be said in other bytes")
    return value


def decode(data: bytes) -> Any:
    """Decodes one item that fills all of `data`.

    Raises:
        CborError: It is not deterministic CBOR, or bytes are left over.
    """
    raw = bytes(data)
    end = _walk(raw, 0)
    if end != len(raw):
        raise CborError(f"byte {end}: more than one item")
    return _item(raw)


def decode_sequence(data: bytes) -> Iterator[tuple[Any, bytes]]:
    """Yields each item of a CBOR sequence (RFC 8742) and its bytes.

    Raises:
        CborError: As decode(); what came before was yielded.
    """
    raw = bytes(data)
    at = 0
    while at < len(raw):
        end = _walk(raw, at)
        yield _item(raw[at:end]), raw[at:end]
        at = end
