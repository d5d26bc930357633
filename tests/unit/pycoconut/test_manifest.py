# SPDX-License-Identifier: Apache-2.0
"""Manifests: languages, checks, CBOR, signatures; and the vectors that the kernel's tests share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pycoconut import cbor, cose
from pycoconut.abi import AuditLevel, Lane, QuotaKind, Restart
from pycoconut.cbor import CborError
from pycoconut.cose import CoseError
from pycoconut.errors import CoconutError
from pycoconut.keys import SecretKey
from pycoconut.manifest import Manifest, ManifestError, lint, load, loads, parse_signed
from tests.unit.pycoconut.strategies import MANIFESTS

KEY = SecretKey(bytes(range(32)), "test")
VECTORS = Path(__file__).resolve().parents[2] / "vectors"

YAML = """
name: research-agent
tenant: lab
lane: interactive
model: some-model
system_prompt: You are a helpful research assistant.
capabilities:
  - web_search
  - "file_read: /data/project/*"
  - file_write: /data/output/*
  - "tool: web_fetch"
  - fs:/tmp/*:all
approval_required: [file_write]
quotas: {children: 3, ram: 512M, inference_tokens: 1000}
audit: denials
restart: failure
argv: python3 -m "my agent"
"""

TOML = """
name = "research-agent"
tenant = "lab"
lane = "interactive"
model = "some-model"
capabilities = ["web_search", "file_read: /data/project/*", "file_write: /data/output/*",
                "tool: web_fetch", "fs:/tmp/*:all"]
approval = ["tool:file_write"]
audit = "denials"
restart = "failure"
argv = ["python3", "-m", "my agent"]
[quotas]
children = 3
ram = "512M"
inference_tokens = 1000
"""


def test_yaml_and_toml_say_the_same() -> None:
    manifest = loads(YAML)
    assert manifest == loads(TOML, ".toml")
    assert manifest.name == "research-agent"
    assert manifest.lane is Lane.INTERACTIVE
    assert manifest.audit is AuditLevel.DENIALS
    assert manifest.restart is Restart.FAILURE
    assert manifest.quotas[QuotaKind.RAM] == 512 << 20
    assert manifest.argv == ("python3", "-m", "my agent")
    assert manifest.approval == ("tool:file_write",)


@given(MANIFESTS)
def test_cbor_goes_there_and_back(manifest: Manifest) -> None:
    assert Manifest.decode(manifest.encode()) == manifest


@given(MANIFESTS)
def test_description_is_a_manifest(manifest: Manifest) -> None:
    assert loads(yaml.safe_dump(manifest.describe())) == manifest


@given(MANIFESTS, st.data())
def test_no_changed_byte_keeps_the_signature(manifest: Manifest, data: st.DataObject) -> None:
    raw = bytearray(manifest.sign(KEY))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        signed = parse_signed(bytes(raw))
    except CoconutError:
        return
    assert not signed.verified


def test_signature() -> None:
    manifest = loads(YAML)
    signed = parse_signed(manifest.sign(KEY))
    assert signed.manifest == manifest
    assert signed.authorizer == KEY.public.raw
    assert signed.verified


def test_signature_by_another_key_is_not_verified() -> None:
    payload = loads("name: x").encode()
    other = SecretKey(bytes(32))
    raw = cose.Sign1(payload, KEY.public.raw, other.sign(payload)).encode()
    assert not parse_signed(raw).verified


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("name: ''", "name"),
        ("name: a b", "name"),
        ("name: ..", "name"),
        ("name: 5", "name"),
        ("tenant: x", "name"),
        ("{name: x, tenant: a/b}", "tenant"),
        ("{name: x, lane: fast}", "lane"),
        ("{name: x, lane: 1}", "lane"),
        ("{name: x, capabilities: fs}", "capabilities"),
        ("{name: x, capabilities: [5]}", "capabilities[0]"),
        ("{name: x, capabilities: ['fs:x:y']}", "capabilities[0]"),
        ("{name: x, capabilities: [a_b, a_b]}", "capabilities[1]"),
        ("{name: x, code: [blake3=00]}", "code[0]"),
        ("{name: x, code: [/no/such/file]}", "code[0]"),
        ("{name: x, quotas: []}", ""),
        ("{name: x, quotas: 5}", "quotas"),
        ("{name: x, quotas: {gold: 5}}", "quotas.gold"),
        ("{name: x, quotas: {ram: -5}}", "quotas.ram"),
        ("{name: x, quotas: {ram: 18446744073709551616}}", "quotas.ram"),
        ("{name: x, approval: [5]}", "approval[0]"),
        ("{name: x, audit: all}", "audit"),
        ("{name: x, restart: maybe}", "restart"),
        ("{name: x, argv: 5}", "argv"),
        ("{name: x, argv: 'a \"b'}", "argv"),
        ("{name: x, permissions: []}", "permissions"),
        ("[name]", ""),
        ("name: [", ""),
        ("", ""),
    ],
)
def test_findings_name_their_place(text: str, where: str) -> None:
    manifest, findings = lint(text)
    if text.endswith("quotas: []}"):
        assert manifest is not None
        return
    assert manifest is None
    assert where in [finding.where for finding in findings if finding.fatal]
    with pytest.raises(ManifestError):
        loads(text)


def test_all_mistakes_are_said_at_once() -> None:
    with pytest.raises(ManifestError) as caught:
        loads("{name: a b, lane: x, audit: y, restart: z}")
    assert len(str(caught.value).splitlines()) == 4


def test_warnings() -> None:
    _, findings = lint("{name: x, description: d, restart: always, capabilities: ['fs:/*:all']}")
    assert [f.where for f in findings] == ["description", "capabilities[0]", "restart"]
    assert not any(f.fatal for f in findings)


def test_unknown_language() -> None:
    assert lint("name: x", ".ini")[0] is None


def test_program_is_hashed(tmp_path: Path) -> None:
    (tmp_path / "tool").write_bytes(b"abc")
    (tmp_path / "m.yaml").write_text("{name: x, code: [tool]}")
    # BLAKE3 of "abc", from the reference implementation's b3sum.
    expected = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
    assert load(tmp_path / "m.yaml").code[0].hex() == expected


BASE = {1: 1, 2: "x", 3: "t", 4: 1, 5: []}


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {**BASE, 1: 2},
        {**BASE, 1: True},
        {**BASE, 2: "a b"},
        {**BASE, 2: b"x"},
        {**BASE, 4: 3},
        {**BASE, 5: {}},
        {**BASE, 5: [{1: 1, 2: b"/a", 3: 1}, {1: 1, 2: b"/a", 3: 1}]},
        {**BASE, 6: [bytes(31)]},
        {**BASE, 6: [bytes(32), bytes(32)]},
        {**BASE, 6: []},
        {**BASE, 7: ""},
        {**BASE, 8: {len(QuotaKind): 1}},
        {**BASE, 8: {0: -1}},
        {**BASE, 9: [1]},
        {**BASE, 10: 1},
        {**BASE, 10: 3},
        {**BASE, 11: 0},
        {**BASE, 12: ["a\0"]},
        {**BASE, 13: 0},
        {**BASE, 13: False},
        {**BASE, 14: 0},
    ],
)
def test_refused_cbor(value: object) -> None:
    with pytest.raises(ManifestError):
        Manifest.decode(cbor.encode(value))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        cbor.encode([b"", {}, b"", bytes(64)]),
        cbor.encode(cbor.Tag(18, [])),
        cbor.encode(cbor.Tag(18, [b"\xa1\x01\x26", {4: bytes(32)}, b"", bytes(64)])),
        cbor.encode(cbor.Tag(18, [b"\xa1\x01\x27", {}, b"", bytes(64)])),
        cbor.encode(cbor.Tag(18, [b"\xa1\x01\x27", {4: bytes(31)}, b"", bytes(64)])),
        cbor.encode(cbor.Tag(18, [b"\xa1\x01\x27", {4: bytes(32), 5: 1}, b"", bytes(64)])),
        cbor.encode(cbor.Tag(18, [b"\xa1\x01\x27", {4: bytes(32)}, b"", bytes(63)])),
    ],
)
def test_other_cose_is_refused(data: bytes) -> None:
    with pytest.raises((CoseError, CborError)):
        parse_signed(data)


def test_too_large_is_refused() -> None:
    with pytest.raises(ManifestError):
        parse_signed(bytes(65537))


def test_vectors_are_what_is_committed() -> None:
    """tests/vectors/manifests.json: what the kernel's decoder must take and refuse."""
    vectors = json.loads((VECTORS / "manifests.json").read_text())
    key = SecretKey(bytes.fromhex(vectors["seed"]))
    assert vectors["public"] == key.public.raw.hex()
    for vector in vectors["manifests"]:
        data = bytes.fromhex(vector["cose"])
        if vector["error"]:
            with pytest.raises(CoconutError):
                _verified(data)
        else:
            assert _verified(data) == loads(json.dumps(vector["yaml"]))
            assert loads(json.dumps(vector["yaml"])).sign(key) == data


def _verified(data: bytes) -> Manifest:
    signed = parse_signed(data)
    if not signed.verified:
        raise ManifestError("the signature is wrong")
    return signed.manifest
