# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies: any capability, any manifest."""

from __future__ import annotations

import ipaddress

from hypothesis import strategies as st

from pycoconut.abi import (
    RIGHTS,
    AuditLevel,
    Class,
    Lane,
    NetProto,
    QuotaKind,
    Restart,
    Tier,
    Who,
)
from pycoconut.caps import (
    Abstract,
    Agents,
    Capability,
    Device,
    Digest,
    Limits,
    Memory,
    Network,
    Path,
    Service,
)
from pycoconut.manifest import Manifest

__all__ = ["CAPABILITIES", "LIMITS", "MANIFESTS"]

U16, U32, U64 = 2**16 - 1, 2**32 - 1, 2**64 - 1

RAW = st.binary(max_size=40).map(lambda b: b.replace(b"\0", b""))
PATHS = RAW.map(lambda b: b"/" + b)
NAMES = st.text(min_size=1, max_size=40).filter(
    lambda s: "\0" not in s and not any(0xD800 <= ord(c) <= 0xDFFF for c in s)
)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    wide = draw(st.booleans())
    bits = 128 if wide else 32
    prefix = draw(st.integers(0, bits))
    address = draw(st.integers(0, 2**bits - 1)) >> (bits - prefix) << (bits - prefix)
    kind = ipaddress.IPv6Network if wide else ipaddress.IPv4Network
    first = draw(st.integers(0, U16))
    proto = draw(st.sampled_from([NetProto.ANY, NetProto.TCP, NetProto.UDP]))
    return Network(proto, kind((address, prefix)), first, draw(st.integers(first, U16)))


@st.composite
def agents(draw: st.DrawFn) -> Agents:
    who = draw(st.sampled_from(Who))
    aid = draw(st.integers(0, U64)) if who == Who.AID else 0
    return Agents(who, aid, draw(st.integers(0, U32)))


@st.composite
def devices(draw: st.DrawFn) -> Device:
    first = draw(st.integers(0, U32))
    name = draw(NAMES.filter(lambda s: len(s.encode()) <= 64))
    return Device(name, first, draw(st.integers(first, U32)))


LIMITS = st.builds(
    Limits,
    expires=st.none() | st.integers(1, U32),
    uses=st.none() | st.integers(1, U64),
    rate=st.none() | st.tuples(st.integers(1, U32), st.integers(1, U32)),
    depth=st.none() | st.integers(0, 254),
    approval=st.booleans(),
)
OBJECTS = {
    Class.FS: st.builds(Path, PATHS),
    Class.EXEC: st.builds(Path, PATHS) | st.builds(Digest, st.binary(min_size=32, max_size=32)),
    Class.NET: networks() | st.builds(Abstract, RAW.filter(bool)),
    Class.AGENT: agents(),
    Class.DEV: devices(),
    Class.MEM: st.builds(Memory, st.sampled_from(Tier), st.integers(1, U64)),
    Class.SVC: st.builds(Service, NAMES),
}


@st.composite
def capabilities(draw: st.DrawFn) -> Capability:
    kind = draw(st.sampled_from(list(OBJECTS)))
    every = 0
    for right in RIGHTS[kind]:
        every |= right
    what = draw(OBJECTS[kind])
    carves: tuple[bytes, ...] = ()
    if isinstance(what, Path):
        beneath = draw(st.lists(RAW.filter(bool), max_size=3))
        above = what.path.rstrip(b"/")
        carves = tuple(above + b"/" + name.lstrip(b"/") + b"x" for name in beneath)
    rights = RIGHTS[kind](draw(st.integers(1, every)))
    return Capability(kind, what, rights, draw(LIMITS), carves)


CAPABILITIES = capabilities()
WORDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
MANIFESTS = st.builds(
    Manifest,
    name=WORDS,
    tenant=WORDS,
    lane=st.sampled_from(Lane),
    capabilities=st.lists(CAPABILITIES, max_size=5, unique_by=lambda c: c.encode()).map(tuple),
    code=st.lists(st.binary(min_size=32, max_size=32), max_size=3, unique=True).map(tuple),
    model=st.none() | NAMES,
    quotas=st.dictionaries(st.sampled_from(QuotaKind), st.integers(0, U64)),
    # Without a colon it would be read as the name of a tool.
    approval=st.lists(NAMES.map(lambda s: "a:" + s.replace(": ", ":")), max_size=3).map(tuple),
    audit=st.sampled_from(AuditLevel),
    restart=st.sampled_from(Restart),
    argv=st.lists(NAMES, max_size=3).map(tuple),
)
