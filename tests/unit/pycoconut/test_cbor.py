# SPDX-License-Identifier: Apache-2.0
"""The strict layer: what cbor2 would take and the kernel would not is refused."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycoconut.cbor import CborError, Tag, decode, decode_sequence, encode

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=20).filter(lambda s: not any(0xD800 <= ord(c) <= 0xDFFF for c in s))
)
KEYS = st.integers(-(2**64), 2**64 - 1) | st.text("abc", max_size=5) | st.binary(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.builds(Tag, st.just(18), inner)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_encoded_is_decoded(value: object) -> None:
    assert decode(encode(value)) == value


@given(st.binary(max_size=60))
def test_noise_is_refused_or_has_one_encoding(data: bytes) -> None:
    try:
        value = decode(data)
    except CborError:
        return
    assert encode(value) == data


@given(VALUES, st.data())
def test_a_changed_byte_is_refused_or_has_one_encoding(value: object, data: st.DataObject) -> None:
    raw = bytearray(encode(value))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        other = decode(bytes(raw))
    except CborError:
        return
    assert encode(other) == raw


@given(VALUES.filter(lambda v: not isinstance(v, Tag)))
def test_a_general_library_reads_the_same(value: object) -> None:
    raw = encode(value)
    if b"\xd2" not in raw:
        assert cbor2.loads(raw) == value


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("", "nothing"),
        ("0000", "two items"),
        ("1800", "a number longer than it must be"),
        ("190001", "the same, two bytes"),
        ("1a00000001", "the same, four"),
        ("1b0000000000000001", "the same, eight"),
        ("5800", "a length longer than it must be"),
        ("9f00ff", "indefinite array"),
        ("5f4100ff", "indefinite bytes"),
        ("bf0000ff", "indefinite map"),
        ("ff", "a break alone"),
        ("f97e00", "a half float"),
        ("fb3ff0000000000000", "a float"),
        ("f7", "undefined"),
        ("f820", "a simple value"),
        ("e0", "another simple value"),
        ("a201000100", "a key twice"),
        ("a202000100", "keys out of order"),
        ("a2616100010" + "0", "a text before a number"),
        ("61ff", "text that is not UTF-8"),
        ("62eda080", "a surrogate"),
        ("c100", "a tag that has no place"),
        ("c24101", "a bignum"),
        ("d818" + "41" + "00", "a nested encoding"),
        ("81" * 18 + "00", "too deep"),
        ("81" * 60000, "far too deep"),
        ("9bffffffffffffffff", "a length that lies"),
        ("9a00ffffff" + "00" * 100, "a length that lies less"),
        ("5bffffffffffffffff", "bytes that are not there"),
        ("a18000", "an array as a key"),
        ("a1f500", "true as a key"),
        ("82" + "00", "an element missing"),
        ("1c", "a reserved length"),
    ],
)
def test_refused(data: str, what: str) -> None:
    with pytest.raises(CborError):
        decode(bytes.fromhex(data))


def test_depth_that_is_allowed() -> None:
    assert decode(b"\x81" * 16 + b"\x00")


@pytest.mark.parametrize("value", [1.5, {1, 2}, 2**64, -(2**64) - 1, "\ud800", object()])
def test_not_encoded(value: object) -> None:
    with pytest.raises(CborError):
        encode(value)


def test_keys_are_ordered_by_their_bytes() -> None:
    # RFC 8949 section 4.2.1, its own example.
    value = {10: 0, 100: 0, -1: 0, "z": 0, "aa": 0}
    assert encode(value).hex() == "a50a001864002000617a0062616100"


def test_sequence() -> None:
    items = [1, [2], {3: b"4"}]
    raw = b"".join(encode(item) for item in items)
    assert [value for value, _ in decode_sequence(raw)] == items
    assert b"".join(data for _, data in decode_sequence(raw)) == raw
    with pytest.raises(CborError):
        list(decode_sequence(raw + b"\x18"))
