# SPDX-License-Identifier: Apache-2.0
"""Quotes by a real TPM, and everything that can be wrong with one."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut.abi import Event
from pycoconut.audit import Report, Verdict, compare_quote, measured, verify
from pycoconut.cli import main
from pycoconut.keys import SecretKey
from pycoconut.tpm import Attested, PublicPoint, Quote, QuoteError, take_quote
from pycoconut.tpm.p256 import G, KeyFormatError, N
from tests.unit.pycoconut.chain_writer import Chain
from tests.unit.pycoconut.soft_tpm import SoftTpm

NONCE = bytes(range(20))
ROOT = SecretKey(bytes(range(32)))


class Machine:
    """A boot's chain and the TPM that is told of it, as the kernel does it."""

    def __init__(self, seed: int = 1, counter: int = 1) -> None:
        self.tpm = SoftTpm()
        self.tpm.count()
        self.chain = Chain(random.Random(seed), root=ROOT, counter=counter)
        self.pcr = bytes(32)
        self.tell(hashlib.sha256(self.chain_opening()).digest())
        self.chain.seal()

    def chain_opening(self) -> bytes:
        return json.loads(self.chain.lines[0])["object"].encode("latin-1")

    def tell(self, digest: bytes) -> bytes:
        """Returns what the PCR was before."""
        before = self.pcr
        self.tpm.extend(digest)
        self.pcr = hashlib.sha256(before + digest).digest()
        return before

    def extend(self) -> None:
        """The newest head goes in, and a record says so."""
        last, head = self.chain.seq - 1, self.chain.head
        before = self.tell(head)
        text = f"{last}:{before.hex()}:{head.hex()}"
        self.chain.append(Event.EXTEND, object=text.encode(), result=0)

    def go_on(self, epochs: int = 3) -> None:
        for _ in range(epochs):
            self.chain.fill(3)
            self.chain.seal()
            self.extend()
        self.chain.seal()

    def judge(self, folder: Path, attested: Attested, trusted: bool = True) -> Report:
        path = folder / "log"
        path.write_bytes(self.chain.log)
        report = verify([path], live=True, jobs=1)
        compare_quote(report, measured([path]), attested, trusted)
        return report


@pytest.fixture
def machine() -> Iterator[Machine]:
    made = Machine()
    yield made
    made.tpm.close()


@pytest.fixture(scope="module")
def quote() -> Iterator[Quote]:
    """One quote on NONCE, of a TPM that is told of a boot."""
    made = Machine()
    made.go_on(1)
    yield take_quote(made.tpm, NONCE)
    made.tpm.close()


# ---- what it says of a log ----


def test_who_knows_the_tpm_needs_no_other_key(machine: Machine, tmp_path: Path) -> None:
    machine.go_on()
    attested = take_quote(machine.tpm, NONCE).check(NONCE, None)
    report = machine.judge(tmp_path, attested)
    assert report.verdict is Verdict.INTACT, report.to_json()
    assert report.quoted == {"boot": machine.chain.boot.hex(), "seq": machine.chain.seq - 2}
    assert attested.counter == 1


def test_a_quote_by_an_unknown_key_anchors_nothing(machine: Machine, tmp_path: Path) -> None:
    machine.go_on()
    attested = take_quote(machine.tpm, NONCE).check(NONCE, None)
    assert machine.judge(tmp_path, attested, trusted=False).verdict is Verdict.UNANCHORED


def test_the_log_may_go_on(machine: Machine, tmp_path: Path) -> None:
    """Before the first head, and after each, a quote is good for all that comes later."""
    quotes = [take_quote(machine.tpm, NONCE)]
    for _ in range(3):
        machine.go_on(1)
        quotes.append(take_quote(machine.tpm, NONCE))
    machine.go_on()
    found = [machine.judge(tmp_path, quote.check(NONCE, None)) for quote in quotes]
    assert {report.verdict for report in found} == {Verdict.INTACT}
    seqs = [report.quoted["seq"] for report in found if report.quoted]
    assert seqs[0] == 0
    assert seqs == sorted(set(seqs))


def test_a_log_that_ends_before_the_quote(machine: Machine, tmp_path: Path) -> None:
    machine.go_on()
    lines = list(machine.chain.lines)
    machine.go_on(1)
    attested = take_quote(machine.tpm, NONCE).check(NONCE, None)
    machine.chain.lines = lines
    report = machine.judge(tmp_path, attested)
    assert report.verdict is Verdict.TRUNCATED
    assert any("head that this log has not" in reason for reason in report.boots[0].reasons)


def test_another_log_with_the_true_extensions(machine: Machine, tmp_path: Path) -> None:
    """A forger knows every value that the PCR had: what he writes beneath them is noticed."""
    machine.go_on()
    attested = take_quote(machine.tpm, NONCE).check(NONCE, None)
    true = [line for line in machine.chain.lines if b'"event":"extend"' in line]
    said = [json.loads(line)["object"].encode() for line in true]
    forged = Chain(machine.chain.random, root=ROOT, counter=1)
    forged.seal()
    for text in said:
        forged.fill(3)
        forged.seal()
        forged.append(Event.EXTEND, object=text, result=0)
    forged.seal()
    machine.chain = forged
    report = machine.judge(tmp_path, attested)
    assert report.verdict is Verdict.TAMPERED, report.to_json()


def test_the_counter_tells_of_boots_that_are_missing(machine: Machine, tmp_path: Path) -> None:
    """The chain was closed once, then there was another boot: an old disk."""
    machine.go_on()
    for _ in range(2):
        machine.tpm.increment()
    attested = take_quote(machine.tpm, NONCE).check(NONCE, None)
    report = machine.judge(tmp_path, attested)
    assert report.verdict is Verdict.TRUNCATED
    assert any("older state" in reason for reason in report.boots[0].reasons)


def test_a_counter_that_is_behind(tmp_path: Path) -> None:
    made = Machine(counter=9)
    made.go_on()
    attested = take_quote(made.tpm, NONCE).check(NONCE, None)
    assert made.judge(tmp_path, attested).verdict is Verdict.TAMPERED
    made.tpm.close()


def test_a_tpm_that_was_lost_anchors_no_longer(machine: Machine, tmp_path: Path) -> None:
    machine.go_on()
    attested = take_quote(machine.tpm, NONCE).check(NONCE, None)
    text = f"9:{bytes(32).hex()}:{bytes(32).hex()}"
    machine.chain.append(Event.EXTEND, object=text.encode(), result=-5)
    machine.chain.seal()
    report = machine.judge(tmp_path, attested)
    assert report.verdict is Verdict.UNANCHORED
    assert any("was lost" in reason for reason in report.boots[0].reasons)


# ---- what is wrong with it ----


def refused(quote: Quote, nonce: bytes = NONCE, key: PublicPoint | None = None) -> str:
    with pytest.raises(QuoteError) as error:
        quote.check(nonce, key)
    return str(error.value)


def test_another_nonce(quote: Quote) -> None:
    assert "another nonce" in refused(quote, NONCE[:-1])
    assert "another nonce" in refused(quote, NONCE + b"\0")


def test_another_key(quote: Quote) -> None:
    assert "another key" in refused(quote, key=PublicPoint(*G))


def test_somebody_elses_public_key(quote: Quote) -> None:
    other = SoftTpm()
    with other.signing_key() as (_, public):
        pass
    other.close()
    assert "not good" in refused(replace(quote, public=public))


@pytest.mark.parametrize("at", range(0, 129, 4))
def test_no_byte_of_what_is_attested_is_free(quote: Quote, at: int) -> None:
    attest, signature = quote.pcr
    changed = bytearray(attest)
    changed[at % len(attest)] ^= 0x10
    assert "not good" in refused(replace(quote, pcr=(bytes(changed), signature)))


def test_cut_off_anywhere(quote: Quote) -> None:
    _, signature = quote.pcr
    for end in range(len(signature)):
        assert refused(replace(quote, pcr=(quote.pcr[0], signature[:end])))
    for end in range(len(quote.public)):
        assert refused(replace(quote, public=quote.public[:end]))
    assert "too many" in refused(replace(quote, public=quote.public + b"\0"))
    assert "too many" in refused(replace(quote, pcr=(quote.pcr[0], signature + b"\0")))


def test_the_certificate_of_the_counter_is_no_quote(quote: Quote) -> None:
    assert quote.counter is not None
    assert "something else" in refused(replace(quote, pcr=quote.counter))
    assert "something else" in refused(replace(quote, counter=quote.pcr))


def test_a_key_that_signs_anything_is_none(quote: Quote) -> None:
    free = quote.public.replace(bytes.fromhex("00050072"), bytes.fromhex("00040072"))
    assert "signs nothing but" in refused(replace(quote, public=free))


def test_of_another_pcr() -> None:
    tpm = SoftTpm()
    with tpm.signing_key() as (key, public):
        other = Quote(public, tpm.quote(key, NONCE, 16), None)
    tpm.close()
    assert "other PCRs" in refused(other)


@pytest.mark.parametrize(
    ("index", "attributes"), [(0x018C0C02, 0x02040014), (0x018C0C01, 0x02060016)]
)
def test_of_another_counter(index: int, attributes: int) -> None:
    """Another index, or one whose owner may write what he likes into it."""
    tpm = SoftTpm()
    tpm.count(index, attributes)
    with tpm.signing_key() as (key, public):
        pcr = tpm.quote(key, NONCE, 15)
        other = Quote(public, pcr, tpm.certify(key, NONCE, index, 8))
    tpm.close()
    assert "not of the counter" in refused(other)


def test_signatures_that_any_key_would_have(quote: Quote) -> None:
    """Zeros, and numbers as large as the order, are no signature."""

    def made(r: int, s: int) -> bytes:
        return bytes.fromhex("0018000b0020") + r.to_bytes(32) + b"\0\x20" + s.to_bytes(32)

    for r, s in ((0, 0), (1, 0), (0, 1), (N, 1), (1, N), (N, N)):
        assert "not good" in refused(replace(quote, pcr=(quote.pcr[0], made(r, s))))


# ---- the file ----


def test_a_file_is_read_as_it_was_written(quote: Quote) -> None:
    assert Quote.loads(quote.dumps()) == quote


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-20],
        lambda text: text.replace("quote-1", "quote-2"),
        lambda text: text.replace('"key": "', '"key": "!'),
        lambda text: text.replace('{\n "form"', '{\n "more": 1, "form"'),
        lambda text: text.replace('{\n "form"', '{\n "form": "", "form"'),
        lambda text: text + " " * (16 << 10),
        lambda _: "[" * 9000,
        lambda _: "null",
        lambda _: "",
    ],
)
def test_a_file_that_is_none(quote: Quote, change: Callable[[str], str]) -> None:
    with pytest.raises(QuoteError):
        Quote.loads(change(quote.dumps()))


def test_the_key_as_pem(quote: Quote) -> None:
    key = quote.check(NONCE, None).key
    assert PublicPoint.from_pem(key.pem) == key
    assert quote.check(NONCE, key).key == key
    body = base64.b64decode("".join(key.pem.splitlines()[1:-1]))
    for wrong in (body[:-1], body + b"\0", body[:-1] + bytes([body[-1] ^ 1]), b"", bytes(91)):
        text = base64.b64encode(wrong).decode()
        pem = f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"
        with pytest.raises(KeyFormatError):
            PublicPoint.from_pem(pem)


# ---- the command ----


def test_the_command(machine: Machine, tmp_path: Path) -> None:
    machine.go_on()
    quote = take_quote(machine.tpm, NONCE)
    log, file, pem = tmp_path / "log", tmp_path / "quote", tmp_path / "key.pem"
    log.write_bytes(machine.chain.log)
    file.write_text(quote.dumps())
    pem.write_text(quote.check(NONCE, None).key.pem)
    words = ["audit", "verify", "--live", str(log)]
    asked = [*words, "--tpm-quote", str(file), "--nonce", NONCE.hex()]
    assert main(words) == 10
    assert main(asked) == 10
    assert main([*asked, "--tpm-key", str(pem)]) == 0
    assert main([*words, "--tpm-quote", str(file), "--nonce", "00"]) == 1
    assert main([*words, "--tpm-quote", str(file)]) == 2
    assert main([*words, "--nonce", "00"]) == 2
