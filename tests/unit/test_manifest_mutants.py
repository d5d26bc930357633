# SPDX-License-Identifier: Apache-2.0
"""Reading signed manifests in Python: each mutant is refused cleanly, or means what it says."""

from __future__ import annotations

import pytest

from pycoconut import caps, cbor, cose
from pycoconut.abi import QuotaKind
from pycoconut.errors import CoconutError
from pycoconut.keys import SecretKey
from pycoconut.manifest import Manifest
from tests.guest.hostile.mutate import mutants

COUNT = 3000

KEY = SecretKey(bytes(range(32)), "tests")
MANIFEST = Manifest(
    name="hostile",
    capabilities=(
        caps.parse("fs:/usr:read_file,read_dir;except=/usr/share"),
        caps.parse("exec:blake3=" + "ab" * 32 + ":run"),
        caps.parse("net:tcp/127.0.0.1/32/80-443:connect"),
        caps.parse("svc:tool:*:use;expires=60s;uses=5;rate=100/60s;depth=2"),
    ),
    code=(bytes(32),),
    quotas={QuotaKind.INFERENCE_TOKENS: 1000},
    approval=("tool:web*",),
    argv=("/bin/true",),
)


def test_the_same_seed_gives_the_same_mutants() -> None:
    payload = MANIFEST.encode()
    assert list(mutants(payload, 50, 7)) == list(mutants(payload, 50, 7))
    assert list(mutants(payload, 50, 7)) != list(mutants(payload, 50, 8))


def test_mutants_differ_from_what_they_come_from() -> None:
    payload = MANIFEST.encode()
    same = sum(mutant == payload for mutant in mutants(payload, COUNT, 1))
    assert same < COUNT / 5


def test_a_payload_is_read_to_the_letter_or_refused() -> None:
    refused = 0
    for mutant in mutants(MANIFEST.encode(), COUNT, 2):
        try:
            found = Manifest.decode(mutant)
        except CoconutError:
            refused += 1
            continue
        assert found.encode() == mutant
    assert COUNT / 2 < refused < COUNT


def test_no_changed_message_verifies() -> None:
    message = MANIFEST.sign(KEY)
    for bit in range(8 * len(message)):
        forged = bytearray(message)
        forged[bit // 8] ^= 1 << bit % 8
        try:
            sign1 = cose.parse(bytes(forged))
        except CoconutError:
            continue
        assert not sign1.verify(), f"bit {bit}"


@pytest.mark.parametrize("cut", [0, 1, 5, 40, 100, -1])
def test_no_message_is_read_that_is_cut_off(cut: int) -> None:
    with pytest.raises(CoconutError):
        cose.parse(MANIFEST.sign(KEY)[:cut])


def test_a_capability_is_read_to_the_letter_or_refused() -> None:
    for cap in MANIFEST.capabilities:
        for mutant in mutants(cbor.encode(cap.to_cbor()), COUNT // 4, 3):
            try:
                found = caps.Capability.from_cbor(cbor.decode(mutant))
            except CoconutError:
                continue
            assert cbor.encode(found.to_cbor()) == mutant
