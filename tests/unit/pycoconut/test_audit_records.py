# SPDX-License-Identifier: Apache-2.0
"""Records: one form as a line, one as bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycoconut.abi import Class, Decision, Event
from pycoconut.audit import (
    Record,
    RecordError,
)
from pycoconut.audit.record import LINE, event_bytes

RECORDS = st.builds(
    Record,
    boot=st.binary(min_size=16, max_size=16),
    seq=st.integers(1, 2**64 - 1),
    mono=st.integers(0, 2**64 - 1),
    real=st.integers(-(2**63), 2**63 - 1),
    cpu=st.integers(0, 2**32 - 1),
    aid=st.integers(0, 2**64 - 1),
    tid=st.integers(0, 2**31),
    event=st.sampled_from(Event),
    kind=st.sampled_from(Class),
    decision=st.sampled_from(Decision),
    capability=st.integers(0, 2**64 - 1),
    rights=st.integers(0, 2**64 - 1),
    object=st.binary(max_size=256),
    result=st.integers(-(2**31), 2**31 - 1),
    mac=st.binary(min_size=32, max_size=32),
)


@given(RECORDS)
def test_record_and_line_and_bytes_say_the_same(record: Record) -> None:
    line = record.line()
    assert Record.parse(line) == record
    match = LINE.fullmatch(line)
    assert match is not None
    assert event_bytes(match) == record.encode()
    assert Record.decode(record.encode()) == replace(record, mac=b"")


@given(RECORDS, st.data())
def test_a_line_has_one_form(record: Record, data: st.DataObject) -> None:
    line = bytearray(record.line())
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] = data.draw(st.integers(0, 255))
    try:
        other = Record.parse(bytes(line))
    except RecordError:
        return
    assert other.line() == line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"cpu":0', b'"cpu":00'),
        (b'"cpu":0', b'"cpu":-0'),
        (b'"cpu":0', b'"cpu": 0'),
        (b'"cpu":0', b'"cpu":0.0'),
        (b'"result":0', b'"result":-0'),
        (b'"result":0', b'"result":2147483648'),
        (b'"aid":"a:00000"', b'"aid":"a:0"'),
        (b'"aid":"a:00000"', b'"aid":"a:000000"'),
        (b'"object":"x"', b'"object":"\\u0078"'),
        (b'"object":"x"', b'"object":"\\u00FF"'),
        (b'"object":"x"', b'"object":"\\/"'),
        (b'"object":"x"', b'"object":"\xc3\xa9"'),
        (b'"object":"x"', b'"object":"' + b"x" * 257 + b'"'),
        (b'"event":"boot"', b'"event":"reboot"'),
        (b'"mono":0', b'"mono":18446744073709551616'),
        (b'"mono":0,', b'"mono":0,"mono":0,'),
        (b"}\n", b"}\r\n"),
        (b"}\n", b"}"),
    ],
)
def test_other_json_is_no_record(old: bytes, new: bytes) -> None:
    record = Record(
        bytes(16), 1, 0, 0, 0, 0, 0, Event.BOOT, Class.LIFE, Decision.NONE, 0, 0, b"x", 0, bytes(32)
    )
    assert Record.parse(record.line()) == record
    line = record.line().replace(old, new)
    assert line != record.line()
    with pytest.raises(RecordError):
        Record.parse(line)
