# SPDX-License-Identifier: Apache-2.0
"""Capabilities: text, CBOR and the object say the same; nothing else is taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycoconut import caps, cbor, spellings
from pycoconut.abi import Class, FsRight
from pycoconut.caps import Capability, CapError, decode, decode_list, encode_list, parse
from tests.unit.pycoconut.strategies import CAPABILITIES


@given(CAPABILITIES)
def test_text_goes_there_and_back(cap: Capability) -> None:
    text = str(cap)
    assert text.isprintable()
    assert "\n" not in text
    assert parse(text) == cap
    assert str(parse(text)) == text
    assert spellings.read(text) == (cap,)


@given(CAPABILITIES)
def test_cbor_goes_there_and_back(cap: Capability) -> None:
    assert decode(cap.encode()) == cap
    assert decode(cap.encode()).encode() == cap.encode()


@given(CAPABILITIES, st.integers(1, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_only_the_kernel_writes_ids(cap: Capability, number: int, parent: int) -> None:
    data = cbor.encode({**cap.to_cbor(), 6: number, 7: parent})
    assert decode(data, written_by_kernel=True) == replace(cap, id=number, parent=parent)
    with pytest.raises(CapError):
        decode(data)


@given(st.lists(CAPABILITIES, max_size=4))
def test_lists(found: list[Capability]) -> None:
    assert decode_list(encode_list(found)) == tuple(found)


@given(CAPABILITIES, st.data())
def test_changed_bytes_are_refused_or_mean_what_they_say(
    cap: Capability, data: st.DataObject
) -> None:
    raw = bytearray(cap.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        other = decode(bytes(raw))
    except (CapError, cbor.CborError):
        return
    assert other.encode() == raw


@pytest.mark.parametrize(
    "text",
    [
        "fs:/data/*:read_file,write_file",
        "fs:/*:read_file",
        "fs:/a\\x20b\\x3b\\x5c\\xff:read_file",
        "fs:/a:b/c:read_file",
        "fs:/data/*:read_file;except=/data/secret;except=/data/x\\x3by",
        "exec:/usr/bin/*:run",
        "exec:blake3=" + "0f" * 32 + ":run",
        "net:tcp/127.0.0.1/32/80-443:connect",
        "net:udp/0.0.0.0/0/53:connect,send",
        "net:any/2001:db8::/32/0-65535:bind,listen",
        "net:unix/@name*:connect",
        "agent:self/0:signal",
        "agent:children/4:spawn,signal,observe",
        "agent:aid/17/0:message",
        "dev:tty/0x5401-0x5408:use",
        "mem:ram/1048576:use",
        "svc:tool:web_fetch:use;expires=60s;uses=5;rate=100/60s;depth=2;approval",
        "svc:http:api.example.com/*:use",
    ],
)
def test_canonical_text(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (" fs:/data/*:write_file,read_file ", "fs:/data/*:read_file,write_file"),
        ("exec:/bin/ls:all", "exec:/bin/ls:run"),
        ("svc:x:use;expires=2h", "svc:x:use;expires=7200s"),
        ("svc:x:use;rate=5/min", "svc:x:use;rate=5/60s"),
        ("svc:x:use;depth=0;uses=1", "svc:x:use;uses=1;depth=0"),
        ("fs:/h\u00e9:read_file", "fs:/h\\xc3\\xa9:read_file"),
        ("fs:/a b:read_file", "fs:/a\\x20b:read_file"),
        ("net:tcp/::1/128/443-443:connect", "net:tcp/::1/128/443:connect"),
        ("dev:tty/5:use", "dev:tty/0x5-0x5:use"),
    ],
)
def test_other_text_of_the_grammar(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no capability"),
        ("fs:/data", "no capability"),
        ("files:/data:read", "no capability"),
        ("life:x:use", "no capability"),
        ("mount:/:use", "no capability"),
        ("fs:data:read_file", "not absolute"),
        ("fs:/a*b:read_file", "in the middle"),
        ("fs:/a/*/b:read_file", "in the middle"),
        ("fs:/a\\x00b:read_file", "NUL"),
        ("fs:/a\\b:read_file", "backslash"),
        ("fs:/a\x07:read_file", "control character"),
        ("fs:/" + "x" * 4095 + ":read_file", "4095"),
        ("fs:/a:", "has no right"),
        ("fs:/a:run", "has no right"),
        ("fs:/a:READ_FILE", "has no right"),
        ("fs:/a:read_file;uses=0", "not between"),
        ("fs:/a:read_file;uses=5;uses=6", "twice"),
        ("fs:/a:read_file;until=5", "no limit"),
        ("fs:/a:read_file;approval=yes", "no limit"),
        ("fs:/a:read_file;depth=255", "not between"),
        ("fs:/a:read_file;expires=0s", "not between"),
        ("fs:/a:read_file;expires=5y", "no time"),
        ("fs:/a:read_file;rate=5", "no time"),
        ("fs:/a:read_file;except=/b", "not beneath"),
        ("fs:/a:read_file;except=/a", "not beneath"),
        ("svc:x:use;except=/b", "hierarchy"),
        ("exec:blake3=00:run", "32 bytes"),
        ("exec:blake3=xy:run", "hexadecimal"),
        ("net:tcp/10.0.0.1/8/80:connect", "host bits"),
        ("net:tcp/10.0.0.0/8/443-80:connect", "range of ports"),
        ("net:tcp/10.0.0.0/8/65536:connect", "not between"),
        ("net:sctp/10.0.0.0/8/1:connect", "no network object"),
        ("net:unix/@:connect", "abstract name"),
        ("agent:parents/0:signal", "no agents"),
        ("agent:self/17/0:signal", "no agents"),
        ("mem:tape/1:use", "no tier"),
        ("mem:ram/0:use", "not between"),
        ("svc::use", "between 1 and 255"),
        ("svc:" + "x" * 256 + ":use", "between 1 and 255"),
        ("dev:tty/9-5:use", "range of ioctls"),
    ],
)
def test_refused_text(text: str, message: str) -> None:
    with pytest.raises(CapError, match=message):
        parse(text)


GOOD = {1: 1, 2: b"/a", 3: 1}


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {1: 1, 2: b"/a"},
        {**GOOD, 1: 0},
        {**GOOD, 1: 8},
        {**GOOD, 1: True},
        {**GOOD, 3: 0},
        {**GOOD, 3: True},
        {**GOOD, 3: 1 << 17},
        {**GOOD, 2: "/a"},
        {**GOOD, 2: b"a"},
        {**GOOD, 2: b"/a\0"},
        {**GOOD, 4: {}},
        {**GOOD, 4: {6: 1}},
        {**GOOD, 4: {2: 0}},
        {**GOOD, 4: {2: True}},
        {**GOOD, 4: {3: [1]}},
        {**GOOD, 4: {5: False}},
        {**GOOD, 4: {4: 255}},
        {**GOOD, 5: []},
        {**GOOD, 5: [b"/b"]},
        {**GOOD, 5: ["/a/b"]},
        {**GOOD, 8: 1},
        {1: 2, 2: [2, bytes(32)], 3: 1},
        {1: 2, 2: [1, bytes(31)], 3: 1},
        {1: 3, 2: [1, 2, bytes(16), 8, 0, 0], 3: 1},
        {1: 3, 2: [1, 2, bytes(4), 33, 0, 0], 3: 1},
        {1: 3, 2: [1, 2, bytes([10, 0, 0, 1]), 8, 0, 0], 3: 1},
        {1: 3, 2: [True, 2, bytes(4), 8, 0, 0], 3: 1},
        {1: 3, 2: [3, 2, bytes(4), 8, 0, 0], 3: 1},
        {1: 3, 2: [3, "name"], 3: 1},
        {1: 4, 2: [3, 0, 0], 3: 1},
        {1: 4, 2: [0, 17, 0], 3: 1},
        {1: 4, 2: [2, -1, 0], 3: 1},
        {1: 6, 2: [1, 0], 3: 1},
        {1: 7, 2: b"x", 3: 1},
    ],
)
def test_refused_cbor(value: object) -> None:
    with pytest.raises(CapError):
        decode(cbor.encode(value))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("web_search", ["svc:web_search:use"]),
        ("file_read: /data/project/*", ["fs:/data/project/*:read_file,read_dir"]),
        ("file_write: /data/output/*", ["fs:/data/output/*:write_file,make_reg,truncate"]),
        ("tool: web_fetch", ["svc:tool:web_fetch:use"]),
        (
            "capability://file/data/*?action=read&rate=100/min",
            ["fs:/data/*:read_file,read_dir;rate=100/60s"],
        ),
        ("capability://file/Users/data/*?action=read", ["fs:/Users/data/*:read_file,read_dir"]),
        (
            "capability://http/api.anthropic.com/*?action=request&rate=100/min",
            ["svc:http:api.anthropic.com/*:use;rate=100/60s"],
        ),
        (
            "capability://shell?action=execute&allowlist=ls,cat,/bin/grep",
            ["exec:/usr/bin/ls:run", "exec:/usr/bin/cat:run", "exec:/bin/grep:run"],
        ),
        ("capability://agent?action=spawn&max=3", ["agent:children/3:spawn"]),
        ("file:/home/user/data/*:read", ["fs:/home/user/data/*:read_file,read_dir"]),
        ("http:api.example.com:*", ["svc:http:api.example.com/*:use"]),
        ("shell:*:execute", ["exec:/*:run"]),
        ("agent:spawn{max:5}", ["agent:children/5:spawn"]),
        ("agent:spawn", ["agent:children/0:spawn"]),
    ],
)
def test_other_spellings(text: str, canonical: list[str]) -> None:
    assert [str(cap) for cap in spellings.read(text)] == canonical


@pytest.mark.parametrize(
    "text",
    [
        "capability://shell?action=execute&timeout=30s&allowlist=ls,cat,grep",
        "capability://file/data?action=read,write&constraint=timeout:30s",
        "shell:*:execute{timeout:30s}",
        "capability://database/x?action=read",
        "capability://file/data/*",
        "capability://file/data/*?action=fly",
        "file:/data:fly",
        "agent:spawn{max}",
        "Web Search",
    ],
)
def test_what_would_grant_more_than_was_written_is_refused(text: str) -> None:
    with pytest.raises(CapError):
        spellings.read(text)


def test_rights_are_of_the_class() -> None:
    cap = parse("fs:/data:read_file")
    assert cap.rights is FsRight.READ_FILE
    with pytest.raises(CapError):
        replace(cap, kind=Class.NET)


def test_star_that_is_part_of_a_name() -> None:
    cap = parse("fs:/a\\x2a:read_file")
    assert cap.object == caps.Path(b"/a*")
    assert str(cap) == "fs:/a\\x2a:read_file"
