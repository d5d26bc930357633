# SPDX-License-Identifier: Apache-2.0
"""The CDDL files say what the code writes: samples fit, samples changed in one place do not."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pycoconut import abi, cbor, cose
from pycoconut.audit import Record
from pycoconut.caps import parse
from pycoconut.keys import SecretKey
from tests.abi.cddl import CddlError, Schema

ROOT = Path(__file__).resolve().parents[2]
KEY = SecretKey(bytes(32))
VECTORS = json.loads((ROOT / "tests/vectors/manifests.json").read_text())
CAPS = json.loads((ROOT / "tests/vectors/capabilities.json").read_text())["capabilities"]
NEEDS = {"manifest": ("manifest", "capability")}


@cache
def schema(name: str) -> Schema:
    """The rules of a file, and of those that it needs."""
    names = NEEDS.get(name, (name,))
    return Schema("\n".join((ROOT / f"syscalls/{n}.cddl").read_text() for n in names))


def fits(name: str, rule: str, value: Any) -> bool:
    return schema(name).fits(rule, cbor.decode(value) if isinstance(value, bytes) else value)


@pytest.mark.parametrize("vector", CAPS, ids=lambda v: v["text"])
def test_capabilities(vector: dict[str, str]) -> None:
    value = cbor.decode(bytes.fromhex(vector["cbor"]))
    assert parse(vector["text"]).to_cbor() == value
    assert fits("capability", "capability", value)
    assert fits("capability", "capability", {**value, 6: 5, 7: 0})
    for wrong in (
        {**value, 1: 0},
        {**value, 1: 8},
        {**value, 3: -1},
        {**value, 8: 0},
        {**value, 4: {6: 1}},
        {**value, 4: {2: 0}},
        {**value, 4: {4: 255}},
        {k: v for k, v in value.items() if k != 2},
    ):
        assert not fits("capability", "capability", wrong), wrong


@pytest.mark.parametrize("vector", VECTORS["manifests"], ids=lambda v: v["what"])
def test_manifests(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["cose"])
    if not vector["error"]:
        assert fits("manifest", "signed-manifest", data)
        assert fits("manifest", "manifest", cose.parse(data).payload)


BASE: dict[int, Any] = {1: 1, 2: "x", 3: "t", 4: 1, 5: []}


@pytest.mark.parametrize(
    "change",
    [
        {1: 2},
        {2: ""},
        {2: "x" * 65},
        {2: b"x"},
        {4: 3},
        {5: [{1: 1}]},
        {6: [bytes(31)]},
        {8: {len(abi.QuotaKind): 1}},
        {10: 3},
        {11: 3},
        {13: 0},
        {13: False},
        {14: 0},
    ],
)
def test_other_manifests(change: dict[int, Any]) -> None:
    assert fits("manifest", "manifest", BASE)
    assert not fits("manifest", "manifest", {**BASE, **change})


RECORD: list[Any] = [bytes(16), 1, 5, -5, 0, 17, 300, 9, 1, 2, 0, 1, b"/etc/shadow", -13]


def test_records() -> None:
    assert Record.from_value(RECORD).encode() == cbor.encode(RECORD)
    assert fits("record", "record", RECORD)
    assert not fits("record", "record", RECORD[:-1])
    for index, wrong in ((0, bytes(15)), (1, -1), (7, 99), (8, 13), (9, 4), (11, -1), (12, "text")):
        assert not fits("record", "record", [*RECORD[:index], wrong, *RECORD[index + 1 :]])


CLAIMS: dict[int, Any] = {
    6: 1,
    10: bytes(8),
    -75000: 17,
    -75001: 0,
    -75002: bytes(32),
    -75003: bytes(32),
    -75004: bytes(32),
    -75005: bytes(32),
    -75006: bytes(32),
    -75007: bytes(16),
    -75010: False,
    -75008: "name",
    -75009: 2,
}


def test_attestations() -> None:
    link = cbor.decode(cose.sign(cbor.encode(CLAIMS), KEY))
    assert fits("attestation", "attestation-chain", [link, link])
    assert fits("attestation", "claims", CLAIMS)
    for change in ({10: bytes(7)}, {-75000: -1}, {-75002: bytes(31)}, {-75009: 8}, {1: 1}):
        assert not fits("attestation", "claims", {**CLAIMS, **change})
    assert not fits("attestation", "attestation-chain", [])


def test_ipc() -> None:
    assert fits("ipc", "request", {"call": "list", "id": 1})
    assert not fits("ipc", "request", {"call": "list", "id": -1})


@pytest.mark.parametrize(
    ("text", "fit", "unfit"),
    [
        ("a = [1*2 uint, ? tstr]", [[1], [1, 2, "x"], [1, "x"]], [[], [1, 2, 3], ["x"]]),
        ("a = [b, c: tstr]\nb = (x: uint, y: uint)", [[1, 2, "x"]], [[1, "x"]]),
        ("a = {1: uint, ? 2: b}\nb = 3..5 / true", [{1: 0}, {1: 0, 2: True}], [{1: 0, 2: 6}]),
        ("a = {1*2 uint => tstr}", [{1: "x"}], [{}, {1: "x", 2: "x", 3: "x"}]),
        ("a = &(x: 1, y: 2)", [1, 2], [3, "x"]),
        ('a = "x" / bstr .size (2..3)', ["x", b"12"], ["y", b"1"]),
        ("a = bstr .cbor [uint]", [b"\x81\x01"], [b"\x80", b"\xff"]),
    ],
)
def test_the_validator_itself(text: str, fit: list[Any], unfit: list[Any]) -> None:
    checked = Schema(text)
    assert all(checked.fits("a", value) for value in fit)
    assert not any(checked.fits("a", value) for value in unfit)


@pytest.mark.parametrize("text", ["a = b", "a = ~b", "a = {", "a = 1\na = 2", "a = [@]", "a"])
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(CddlError):
        Schema(text)
