# SPDX-License-Identifier: Apache-2.0
"""Attestations: what holds, and each way in which one does not."""

from __future__ import annotations

from typing import Any

import pytest

from pycoconut import cbor, cose
from pycoconut.attestation import AttestationError, parse, verify
from pycoconut.cose import CoseError
from pycoconut.keys import SecretKey

KEY, OTHER = SecretKey(bytes(32)), SecretKey(bytes(31) + b"\x01")
NONCE = bytes(range(16))


def claims(aid: int, parent: int, **changes: Any) -> dict[int, Any]:
    value: dict[int, Any] = {6: 99, 10: NONCE, -75000: aid, -75001: parent, -75008: "n", -75009: 2}
    value[-75010] = False
    value |= {key: bytes(32) for key in range(-75006, -75001)}
    value[-75007] = b"B" * 16
    return value | {int(key.replace("k", "-")): item for key, item in changes.items()}


def chain(*links: dict[int, Any], key: SecretKey = KEY) -> bytes:
    return cbor.encode([cbor.decode(cose.sign(cbor.encode(link), key)) for link in links])


GOOD = (claims(17, 3), claims(3, 0), claims(0, 0))


def test_whole_chain() -> None:
    found = verify(chain(*GOOD), KEY.public.raw, NONCE)
    assert [link.aid for link in found] == [17, 3, 0]
    assert found[0].to_json()["aid"] == "a:00017"
    assert verify(chain(*GOOD), KEY.public.raw) == found


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (chain(*GOOD[:2]), "not the boot agent"),
        (chain(GOOD[0], GOOD[2]), "not by its parent"),
        (chain(GOOD[1], GOOD[0], GOOD[2]), "not by its parent"),
        (chain(claims(3, 3), claims(3, 0), claims(0, 0)), "not by its parent"),
        (chain(*GOOD, key=OTHER), "another key"),
        (chain(claims(17, 0, k75007=b"C" * 16), claims(0, 0)), "another boot"),
        (chain(claims(0, 0) | {10: bytes(16)}), "another nonce"),
        (chain({k: v for k, v in GOOD[2].items() if k != 10}), "another nonce"),
        (chain({k: v for k, v in GOOD[2].items() if k != 6}), "missing"),
        (chain(claims(0, 0) | {7: 1}), "missing"),
        (chain(claims(0, 0, k75002=bytes(31))), "32 bytes"),
        (chain(claims(0, 0, k75009=8)), "no state"),
        (chain(claims(0, 0, k75010=1)), "true or false"),
        (chain(claims(17, 0, k75010=True), claims(0, 0)), "a:00017 is permissive"),
        (chain(claims(-1, 0)), "no number"),
        (chain(claims(0, 0, k75008=b"n")), "no text"),
        (cbor.encode([]), "no chain"),
        (cbor.encode({}), "no chain"),
        (chain(*[claims(0, 0)] * 34), "no chain"),
    ],
)
def test_refused(data: bytes, message: str) -> None:
    with pytest.raises(AttestationError, match=message):
        verify(data, KEY.public.raw, NONCE)


def test_changed_byte_is_refused() -> None:
    raw = chain(*GOOD)
    for at in range(len(raw) - 64, len(raw)):
        with pytest.raises((AttestationError, CoseError)):
            parse(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
