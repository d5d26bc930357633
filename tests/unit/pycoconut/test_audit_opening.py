# SPDX-License-Identifier: Apache-2.0
"""Boots that a TPM vouches for: its root signs how they begin, and its counter numbers them.

Both verifiers say the same of each.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut.audit import Report, Verdict, verify
from pycoconut.keys import SecretKey
from tests.unit.pycoconut.chain_writer import Chain, linked
from tests.unit.pycoconut.native_verifier import NativeVerifier, build

Judge = Callable[..., Report]
ROOT = SecretKey(bytes(range(32)))
OTHER = SecretKey(bytes(32))


@pytest.fixture(scope="module")
def native() -> Iterator[NativeVerifier]:
    verifier = NativeVerifier(build())
    yield verifier
    verifier.close()


@pytest.fixture
def judge(native: NativeVerifier, tmp_path: Path) -> Judge:
    """What both say of boots."""

    def said(*chains: Chain, keys: tuple[bytes, ...] = (ROOT.public.raw,)) -> Report:
        path = tmp_path / "log"
        path.write_bytes(b"".join(chain.log for chain in chains))
        report = verify([path], keys=keys, jobs=1)
        assert native.agrees(report, native([path], keys, None, False)), report.to_json()
        return report

    return said


def boots(*counters: int, roots: tuple[SecretKey, ...] = ()) -> list[Chain]:
    """Closed boots that name each other, with these counts."""
    made: list[Chain] = []
    for number, counter in enumerate(counters):
        root = roots[number] if roots else ROOT
        if made:
            made.append(linked(made[-1], number, root=root, counter=counter))
        else:
            made.append(Chain.whole(number, root=root, counter=counter))
    return made


def test_one_key_vouches_for_all_boots(judge: Judge) -> None:
    report = judge(*boots(7, 9, 10))
    assert report.verdict is Verdict.INTACT, report.to_json()
    assert [boot.counter for boot in report.boots] == [7, 9, 10]
    assert {boot.anchor for boot in report.boots} == {ROOT.public.raw.hex()}


def test_another_tpm_does_not(judge: Judge) -> None:
    report = judge(*boots(7), keys=(OTHER.public.raw,))
    assert (report.verdict, report.boots[0].bad_seq) == (Verdict.TAMPERED, 1)


def test_without_a_key_a_root_is_anybodys(judge: Judge) -> None:
    assert judge(*boots(7), keys=()).verdict is Verdict.UNANCHORED


class Forged(Chain):
    """By somebody who has the opening of a true boot, and not its root."""

    change = -1

    def opening(self) -> bytes:
        data = bytearray(super().opening())
        data[self.change] ^= 1
        return bytes(data)


@pytest.mark.parametrize("at", [0, 31, 32, 63, 64, 71, 72, 103, 104, 167])
def test_no_byte_of_the_opening_is_free(judge: Judge, at: int) -> None:
    forged = type("_", (Forged,), {"change": at}).whole(3, root=ROOT, counter=1)
    if at < 32:
        forged.key = SecretKey(bytes(32))
    report = judge(forged)
    assert (report.verdict, report.boots[0].bad_seq) == (Verdict.TAMPERED, 1)


def test_of_another_boot(judge: Judge) -> None:
    """The signature is over the boot id too: an opening serves once."""
    true = Chain.whole(5, root=ROOT, counter=4)

    class Copied(Chain):
        def opening(self) -> bytes:
            return Chain(random.Random(5), root=ROOT, counter=4).opening()

    copy = Copied.whole(5, boot=bytes(16))
    assert judge(true).verdict is Verdict.INTACT
    assert judge(copy).verdict is Verdict.TAMPERED


@pytest.mark.parametrize("size", [0, 63, 65, 71, 73, 104, 167, 169])
def test_of_no_size_that_there_is(judge: Judge, size: int) -> None:
    class Sized(Chain):
        def opening(self) -> bytes:
            return (super().opening() + bytes(8))[:size]

    report = judge(Sized.whole(3, root=ROOT))
    assert (report.verdict, report.boots[0].bad_seq) == (Verdict.TAMPERED, 1)


def test_a_count_without_a_root(judge: Judge) -> None:
    class Counted(Chain):
        def opening(self) -> bytes:
            return super().opening()[:72]

    report = judge(Counted.whole(3, root=ROOT, counter=2**63 + 5), keys=())
    assert report.verdict is Verdict.UNANCHORED
    assert (report.boots[0].counter, report.boots[0].anchor) == (2**63 + 5, "")


@pytest.mark.parametrize(
    ("counters", "verdict"),
    [
        ((7, 8), Verdict.INTACT),
        ((7, 9), Verdict.INTACT),
        ((7, 10), Verdict.INCOMPLETE),
        ((7, 2**64 - 1), Verdict.INCOMPLETE),
        ((7, 7), Verdict.TAMPERED),
        ((7, 6), Verdict.TAMPERED),
        ((2**64 - 2, 0), Verdict.TAMPERED),
    ],
)
def test_the_counter_goes_on(judge: Judge, counters: tuple[int, ...], verdict: Verdict) -> None:
    """A boot counts one up, and its end another: what is more are boots that are not there."""
    report = judge(*boots(*counters))
    assert report.boots[1].verdict is verdict, report.to_json()


def test_counters_of_two_tpms_say_nothing(judge: Judge) -> None:
    keys = (ROOT.public.raw, OTHER.public.raw)
    report = judge(*boots(70, 1, roots=(ROOT, OTHER)), keys=keys)
    assert report.verdict is Verdict.INTACT, report.to_json()
