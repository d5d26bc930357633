# SPDX-License-Identifier: Apache-2.0
"""The end of a boot that outlived a reset in memory: what is taken of it, and what is not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from blake3 import blake3

from pycoconut import audit
from pycoconut.abi import Event
from pycoconut.audit import Record, Verdict
from pycoconut.daemon import boots, tail
from pycoconut.shard import ShardHeader
from tests.unit.pycoconut.chain_writer import Chain
from tests.unit.pycoconut.native_verifier import NativeVerifier, build

SEALED = 3
"""Epochs of the boot."""
EACH = 4
OPEN = 5
"""Records after the last seal."""


@dataclass
class Boot:
    """A boot that a reset cut off: a folder, and the memory that is left of it."""

    chain: Chain
    folder: Path
    kept: Path

    def on_disk(self, lines: int, torn: int = 0) -> None:
        """The disk has so many whole lines, and so many bytes of the next."""
        header = ShardHeader(0, self.chain.boot.hex())
        body = b"".join(self.chain.lines[:lines])
        body += (self.chain.lines[lines] if torn else b"")[:torn]
        self.folder.mkdir(exist_ok=True)
        (self.folder / "0000.jsonl").write_bytes(header.line() + body)

    def in_memory(self, text: bytes) -> int:
        self.kept.write_bytes(text)
        return tail.recover(self.folder, self.kept)

    def report(self, seeded: bool = True) -> audit.BootReport:
        seed = self.chain.seed if seeded else None
        report = audit.verify([self.folder], keys=[self.chain.public], seed=seed, jobs=1)
        return report.boots[0]


@pytest.fixture
def boot(tmp_path: Path) -> Boot:
    chain = Chain(random.Random(5))
    for _ in range(SEALED):
        chain.fill(EACH)
        chain.seal()
    chain.fill(OPEN)
    return Boot(chain, tmp_path / chain.boot.hex(), tmp_path / "pmsg")


@pytest.fixture(scope="module")
def native() -> Iterator[NativeVerifier]:
    verifier = NativeVerifier(build())
    yield verifier
    verifier.close()


def test_it_goes_on_where_the_disk_ended(boot: Boot) -> None:
    """Wherever that was, and however much of the line was cut off."""
    every = len(boot.chain.lines)
    for lines in range(1, every):
        for torn in (0, 1, 60):
            boot.on_disk(lines, torn)
            assert boot.in_memory(boot.chain.log) == every - lines
            found = boot.report()
            assert (found.verdict, found.recovered) == (Verdict.TRUNCATED, True), found.reasons
            assert (found.last_seq, found.unsealed) == (1 + SEALED * EACH, OPEN)
            assert not boot.kept.exists()
            (boot.folder / "0001.jsonl").unlink()


def test_the_next_boot_names_its_end(boot: Boot) -> None:
    boot.on_disk(3)
    assert boots.ending(boot.folder).found == 3
    boot.in_memory(boot.chain.log)
    end = boots.ending(boot.folder)
    assert (end.last, end.found, end.clean) == (1 + SEALED * EACH, boot.chain.seq - 1, False)
    assert end.shard == blake3((boot.folder / "0001.jsonl").read_bytes()).hexdigest()


def test_a_ring_that_came_round_begins_anywhere(boot: Boot) -> None:
    boot.on_disk(9)
    start = len(b"".join(boot.chain.lines[:8])) - 30
    assert boot.in_memory(b"\0\xff junk" + boot.chain.log[start:]) == len(boot.chain.lines) - 9
    assert boot.report().verdict is Verdict.TRUNCATED


def test_what_does_not_go_on_is_not_taken(boot: Boot) -> None:
    """A gap between disk and memory, another boot, nothing, noise."""
    other = Chain.whole(6)
    after_a_gap = b"".join(boot.chain.lines[12:])
    for text in (after_a_gap, other.log, b"", b"\xff" * 5000, b"\n" * 100):
        boot.on_disk(9)
        before = (boot.folder / "0000.jsonl").read_bytes()
        assert boot.in_memory(text) == 0
        assert [path.name for path in boot.folder.iterdir()] == ["0000.jsonl"]
        assert (boot.folder / "0000.jsonl").read_bytes() == before


def test_a_flipped_bit_ends_it(boot: Boot, native: NativeVerifier) -> None:
    """Nothing sealed is ever taken that the seal does not cover; both verifiers say so."""
    dice = random.Random(3)
    for _ in range(150):
        boot.on_disk(2)
        memory = bytearray(boot.chain.log)
        memory[dice.randrange(len(memory))] ^= 1 << dice.randrange(8)
        boot.in_memory(bytes(memory))
        report = audit.verify([boot.folder], keys=[boot.chain.public], jobs=1)
        assert report.boots[0].verdict is Verdict.TRUNCATED, report.boots[0].reasons
        answer = native([boot.folder / p for p in sorted(boot.folder.iterdir())],
                        [boot.chain.public], None, False)  # fmt: skip
        assert native.agrees(report, answer)
        (boot.folder / "0001.jsonl").unlink(missing_ok=True)


def test_forged_epochs_are_not_taken(boot: Boot) -> None:
    """Sealed by somebody who has not the key: the records under that seal go too."""
    boot.on_disk(6)
    forger = Chain(random.Random(77), boot=boot.chain.boot)
    forger.lines, forger.pending = list(boot.chain.lines[:6]), []
    forger.seq, forger.epoch = 6, 1
    forger.fill(3)
    forger.seal()
    assert boot.in_memory(b"".join(forger.lines)) == 0
    assert boot.report().verdict is Verdict.TRUNCATED


def test_forged_records_have_no_mac(boot: Boot) -> None:
    """What no seal covers is marked, and proven to whoever has the seed."""
    boot.on_disk(len(boot.chain.lines) - OPEN)
    forger = Chain(random.Random(78), boot=boot.chain.boot, seed=boot.chain.seed)
    forger.lines, forger.seq = [boot.chain.lines[-OPEN - 1]], boot.chain.seq - OPEN
    forger.append(Event.ACCESS, object=b"/innocent")
    assert boot.in_memory(b"".join(forger.lines)) == 1
    unproven = boot.report(seeded=False)
    assert (unproven.verdict, unproven.recovered) == (Verdict.TRUNCATED, True)
    assert unproven.last_seq == 1 + SEALED * EACH
    proven = boot.report()
    assert (proven.verdict, proven.bad_seq) == (Verdict.TAMPERED, forger.seq - 1)


def test_a_final_seal_in_memory_makes_it_whole(boot: Boot) -> None:
    boot.chain.shut_down()
    boot.on_disk(4)
    assert boot.in_memory(boot.chain.log)
    found = boot.report()
    assert (found.verdict, found.recovered) == (Verdict.INTACT, True), found.reasons


def test_memory_is_written_once(tmp_path: Path) -> None:
    """What is read from the kernel again after an error does not push older lines out."""
    path = tmp_path / "pmsg0"
    path.touch()
    memory = tail.Memory(path)
    memory.write(0, b"abc")
    memory.write(1, b"bcd")
    memory.write(0, b"ab")
    memory.write(9, b"xyz")
    memory.close()
    assert path.read_bytes() == b"abcdxyz"
    nowhere = tail.Memory(tmp_path / "none")
    nowhere.write(0, b"abc")
    assert not (tmp_path / "none").exists()


def test_what_is_recovered_is_no_record_less(boot: Boot) -> None:
    boot.on_disk(1)
    boot.in_memory(boot.chain.log)
    lines = (boot.folder / "0001.jsonl").read_bytes().splitlines(True)[1:]
    assert [boot.chain.lines[0], *lines] == boot.chain.lines
    assert Record.parse(lines[-1]).seq == boot.chain.seq - 1
