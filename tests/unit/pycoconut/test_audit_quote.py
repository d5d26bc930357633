# SPDX-License-Identifier: Apache-2.0
"""Quotes by a real TPM, and everything that can be wrong with one."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut.abi import Event
from pycoconut.audit import Report, Verdict, compare_quote, measured, verify
from pycoconut.cli import main
from pycoconut.keys import SecretKey
from pycoconut.tpm import Attested, PublicPoint, Quote, QuoteError, take_quote
from pycoconut.tpm.p256 import KeyFormatError
from tests.unit.pycoconut.chain_writer import Chain
from tests.unit.pycoconut.soft_tpm import SoftTpm

NONCE = bytes(range(20))
#: Of P-256 (SP 800-186): the field, the order, and a point of the curve.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
#: Whose x is below the field's difference to 2**256, so that x + P has 32 bytes too.
LOW = (5, 0x459243B9AA581806FE913BCE99817ADE11CA503C64D9A3C533415C083248FBCC)
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


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (0, 0),
        (G[0], G[1] ^ 1),
        (G[1], G[0]),
        (LOW[0] + P, LOW[1]),
        (P, 0),
        (2**256 - 1, 2**256 - 1),
    ],
)
def test_no_points_of_the_curve(x: int, y: int) -> None:
    """Off it, at infinity, and one that is on it but for being written otherwise."""
    assert PublicPoint(*LOW) == PublicPoint.from_bytes(*(n.to_bytes(32) for n in LOW))
    with pytest.raises(KeyFormatError, match="no point"):
        PublicPoint.from_bytes(x.to_bytes(32), y.to_bytes(32))


@pytest.mark.parametrize(("x", "y"), [(31, 32), (32, 31), (33, 32), (32, 0), (0, 0)])
def test_coordinates_of_other_lengths(x: int, y: int) -> None:
    with pytest.raises(KeyFormatError, match="32 bytes"):
        PublicPoint.from_bytes(bytes(x), bytes(y))


def test_a_signature_is_for_one_message_by_one_key(quote: Quote) -> None:
    """The numbers of a good one, and each of those beside them."""
    key = quote.check(NONCE, None).key
    attest, signature = quote.pcr
    r, s = (int.from_bytes(part) for part in (signature[6:38], signature[40:72]))
    assert key.verify(attest, r, s)
    # What ECDSA says of s it says of -s too; a TPM's word is not changed by that.
    assert key.verify(attest, r, N - s)
    for wrong in ((r, s + 1), (r + 1, s), (s, r), (r, s + N), (r + N, s), (r, 0), (0, s)):
        assert not key.verify(attest, *wrong), wrong
    assert not key.verify(attest + b"\0", r, s)
    assert not PublicPoint(*G).verify(attest, r, s)


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


def test_pem_with_any_bit_changed(quote: Quote) -> None:
    """It is another key, or none; a point in hybrid form, which OpenSSL reads, is none."""
    key = quote.check(NONCE, None).key
    body = base64.b64decode("".join(key.pem.splitlines()[1:-1]))
    for bit in range(8 * (len(body) - 64)):
        wrong = bytearray(body)
        wrong[bit // 8] ^= 1 << bit % 8
        text = base64.encodebytes(wrong).decode()
        with pytest.raises(KeyFormatError):
            PublicPoint.from_pem(f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n")


@pytest.mark.parametrize(
    "words",
    [
        ("EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
        ("EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
        ("ED25519",),
        ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    ],
    ids=["P-384", "secp256k1", "Ed25519", "RSA"],
)
def test_pem_of_other_keys(words: tuple[str, ...], tmp_path: Path) -> None:
    secret = tmp_path / "secret.pem"
    make = ["openssl", "genpkey", "-quiet", "-algorithm", *words, "-out", str(secret)]
    subprocess.run(make, check=True, timeout=60)
    show = ["openssl", "pkey", "-in", str(secret), "-pubout"]
    public = subprocess.run(show, check=True, timeout=60, capture_output=True, text=True).stdout
    for text in (public, secret.read_text(), "\udcff", public.replace("PUBLIC", "PRIVATE")):
        with pytest.raises(KeyFormatError, match="no PEM"):
            PublicPoint.from_pem(text)


def test_pem_of_openssl(tmp_path: Path) -> None:
    secret = tmp_path / "secret.pem"
    curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    make = ["openssl", "genpkey", "-quiet", *curve, "-out", str(secret)]
    subprocess.run(make, check=True, timeout=60)
    show = ["openssl", "pkey", "-in", str(secret), "-pubout"]
    public = subprocess.run(show, check=True, timeout=60, capture_output=True, text=True).stdout
    assert PublicPoint.from_pem(public).pem == public


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
