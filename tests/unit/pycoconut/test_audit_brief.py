# SPDX-License-Identifier: Apache-2.0
"""Brief proofs: they hold for what is below the checkpoint, for nothing else, and stay small."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut.abi import Class, Decision, Event
from pycoconut.audit import CheckpointError, NoteError, ProofError, Record, Seal, seal_trees, tlog
from pycoconut.audit.brief import BriefProof, check_brief, prove_briefly
from pycoconut.audit.checkpoint import Checkpoint
from pycoconut.audit.note import NoteKey
from pycoconut.keys import SecretKey
from tests.unit.pycoconut.chain_writer import Chain

KEY = SecretKey(bytes(range(32)))
NAME = "audit.example.org"
NOTE_KEY = NoteKey(NAME, KEY.public.raw)
GOAL = 3072


@pytest.mark.parametrize("size", range(1, 34))
def test_each_leaf_is_in_its_tree_and_nowhere_else(size: int) -> None:
    leaves = [tlog.leaf(bytes([i])) for i in range(size)]
    for index in range(size):
        proof = tlog.inclusion(index, leaves)
        assert tlog.climb(index, size, leaves[index], proof) == tlog.root(leaves)
        for other in {*range(size), -1, size} - {index}:
            assert tlog.climb(other, size, leaves[index], proof) != tlog.root(leaves)
        assert tlog.climb(index, size, leaves[index], [*proof, bytes(32)]) is None
        if proof:
            assert tlog.climb(index, size, leaves[index], proof[:-1]) is None
    with pytest.raises(ValueError, match="leaf"):
        tlog.inclusion(size, leaves)


@pytest.fixture
def chain(tmp_path: Path) -> tuple[Chain, Path, str]:
    made = Chain.whole(60, epochs=5)
    path = tmp_path / "chain.log"
    path.write_bytes(made.log)
    return made, path, seal_trees([path])[-1].checkpoint(NAME).sign(KEY)


def test_each_record_below_it_is_proven(chain: tuple[Chain, Path, str]) -> None:
    made, path, note = chain
    for seq in range(1, made.seq):
        proof = BriefProof.loads(prove_briefly([path], seq, note, NOTE_KEY).dumps())
        assert check_brief(proof, NOTE_KEY).seq == seq


def test_no_changed_proof_holds(chain: tuple[Chain, Path, str]) -> None:
    _, path, note = chain
    proof = prove_briefly([path], 3, note, NOTE_KEY)
    other = prove_briefly([path], 20, note, NOTE_KEY)
    record = Record.parse(proof.record)
    for wrong in (
        replace(proof, record=replace(record, result=-1).line()),
        replace(proof, record=other.record),
        replace(proof, seal=other.seal),
        replace(proof, path=proof.path[1:]),
        replace(proof, path=other.path),
        replace(proof, seals=proof.seals[:-1]),
        replace(proof, seals=other.seals),
        replace(proof, seal=replace(Seal.parse(proof.seal), epoch=1).line()),
        replace(proof, note=note.replace(NAME, "audit.example.com")),
        replace(proof, note=Checkpoint(NAME, "ab" * 16, 6, bytes(32)).sign(KEY)),
        replace(proof, note=""),
        replace(proof, record=b"{}\n"),
    ):
        with pytest.raises(ProofError):
            check_brief(wrong, NOTE_KEY)
    with pytest.raises(ProofError):
        check_brief(proof, NoteKey(NAME, bytes(32)))


def test_no_changed_byte_is_passed_over(chain: tuple[Chain, Path, str]) -> None:
    """Whatever still holds is about the same record: what is not hashed is its MAC."""
    _, path, note = chain
    text = prove_briefly([path], 3, note, NOTE_KEY).dumps().encode()
    record = check_brief(BriefProof.loads(text.decode()), NOTE_KEY)
    rng = random.Random(1)
    for _ in range(600):
        at = rng.randrange(len(text))
        changed = text[:at] + bytes([text[at] ^ 1 << rng.randrange(7)]) + text[at + 1 :]
        try:
            found = check_brief(BriefProof.loads(changed.decode("utf-8", "replace")), NOTE_KEY)
        except ProofError:
            continue
        assert replace(found, mac=b"") == replace(record, mac=b"")


@pytest.mark.parametrize("text", ["", "[]", "{}", "1", '"x"', "[" * 100_000, '{"form":"x"}'])
def test_what_is_no_proof_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ProofError):
        BriefProof.loads(text)


def test_what_is_not_below_it_has_no_proof(chain: tuple[Chain, Path, str], tmp_path: Path) -> None:
    made, path, _ = chain
    end = next(i for i, line in enumerate(made.lines) if line.startswith(b'{"seal":1,')) + 1
    early = tmp_path / "early.log"
    early.write_bytes(b"".join(made.lines[:end]))
    note = seal_trees([early])[-1].checkpoint(NAME).sign(KEY)
    assert check_brief(prove_briefly([path], 2, note, NOTE_KEY), NOTE_KEY).seq == 2
    with pytest.raises(ProofError, match="not below"):
        prove_briefly([path], made.seq - 1, note, NOTE_KEY)
    other = Checkpoint(NAME, "ab" * 16, 2, bytes(32)).sign(KEY)
    with pytest.raises(ProofError, match="another boot"):
        prove_briefly([path], 2, other, NOTE_KEY)
    with pytest.raises((NoteError, CheckpointError)):
        prove_briefly([path], 2, "", NOTE_KEY)


def test_it_is_small_at_eighty_million_records(tmp_path: Path) -> None:
    """Epochs of 1024 records, so many seals that the path is as long as it would be there."""
    chain = Chain(random.Random(4))
    for _ in range(1023):
        chain.append(Event.ACCESS, object=b"/usr/lib/python3/dist-packages/yaml/reader.py",
                     kind=Class.FS, decision=Decision.ALLOWED)  # fmt: skip
    chain.seal()
    path = tmp_path / "chain.log"
    path.write_bytes(chain.log)
    note = seal_trees([path])[-1].checkpoint(NAME).sign(KEY)
    small = prove_briefly([path], 700, note, NOTE_KEY)
    leaves = [
        tlog.leaf(small.seal),
        *(tlog.leaf(bytes([i % 251])) for i in range(80_000_000 // 1024)),
    ]
    big = Checkpoint(NAME, chain.boot.hex(), len(leaves), tlog.root(leaves)).sign(KEY)
    proof = replace(small, note=big, seals=tuple(tlog.inclusion(0, leaves)))
    assert check_brief(proof, NOTE_KEY).seq == 700
    assert len(proof.dumps().encode()) <= GOAL
    assert json.loads(proof.dumps())["form"] == "coconut-brief-proof-1"
