# SPDX-License-Identifier: Apache-2.0
"""What the fuzzer is told of each field follows from how the specification speaks of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from syscalls.gen.model import Spec
from syscalls.gen.parse import parse
from syscalls.gen.render.fuzz import kind_of, render

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "agent_spawn.magic": "FUZZ_MAGIC",
    "agent_spawn.flags": "FUZZ_FLAGS",
    "agent_spawn.manifest": "FUZZ_MANIFEST",
    "agent_spawn.manifest_len": "FUZZ_LENGTH",
    "agent_spawn.cap_set": "FUZZ_CAPS",
    "agent_spawn.aid": "FUZZ_OUT",
    "agent_spawn.reserved": "FUZZ_ZERO",
    "agent_attest.nonce": "FUZZ_BYTES",
    "agent_attest.buf": "FUZZ_ROOM",
    "agent_attest.buf_len": "FUZZ_LENGTH",
    "agent_quota.aid": "FUZZ_AID",
    "agent_quota.kind": "FUZZ_ENUM",
    "agent_quota.reservation": "FUZZ_NUMBER",
    "agent_quota.reserved": "FUZZ_OUT",
    "agent_cap_grant.cap": "FUZZ_CAP",
    "agent_memory_tier.length": "FUZZ_PAGES",
}


@pytest.fixture(scope="module")
def spec() -> Spec:
    return parse(ROOT / "syscalls/agent.yaml")


@pytest.mark.parametrize("name", KINDS)
def test_kind(spec: Spec, name: str) -> None:
    call = next(c for c in spec.calls if c.name == name.partition(".")[0])
    struct = spec.struct(call.args)
    assert struct is not None
    field = next(f for f in struct.fields if f.name == name.partition(".")[2])
    assert kind_of(spec, call, struct, field)[0] == KINDS[name]


def test_every_errno_and_field_is_there(spec: Spec) -> None:
    text = render(spec)
    for call in spec.calls:
        struct = spec.struct(call.args)
        assert struct is not None
        assert f'"{call.name}", {call.nr}, {struct.size}, {struct.min_size},' in text
        assert all(f'"{field.name}", ' in text for field in struct.fields)
        assert all(f"{name}, " in text for name in spec.errors_of(call))
