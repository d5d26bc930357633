# SPDX-License-Identifier: Apache-2.0
"""Inclusion proofs, the tree beneath them, and queries of a log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut.abi import Class, Decision, Event
from pycoconut.audit import (
    Filter,
    Proof,
    ProofError,
    Record,
    check_proof,
    merkle,
    prove,
    records,
)
from tests.unit.pycoconut.chain_writer import Chain, tree


@pytest.mark.parametrize("count", [*range(20), 31, 32, 33, 100])
def test_merkle_tree_has_the_shape_of_rfc_6962(count: int) -> None:
    data = [bytes([i]) * i for i in range(count)]
    leaves = [merkle.leaf(d) for d in data]
    assert merkle.root(leaves) == tree(data)
    for index in range(count):
        assert merkle.climb(leaves[index], merkle.path(leaves, index)) == tree(data)


def test_proof_of_each_record_stands_alone(tmp_path: Path) -> None:
    chain = Chain.whole(40)
    path = tmp_path / "chain.log"
    path.write_bytes(chain.log)
    for seq in range(1, chain.seq):
        proof = Proof.loads(prove([path], seq).dumps())
        assert check_proof(proof, chain.public).seq == seq
    with pytest.raises(ProofError, match="under a seal"):
        prove([path], chain.seq)


def test_changed_proof_does_not_hold(tmp_path: Path) -> None:
    chain, other = Chain.whole(40), Chain.whole(41)
    path = tmp_path / "chain.log"
    path.write_bytes(chain.log)
    proof = prove([path], 3)
    forged = replace(Record.parse(proof.record), result=-1)
    for wrong in (
        replace(proof, record=forged.line()),
        replace(proof, path=proof.path[1:]),
        replace(proof, seals=proof.seals[:-1]),
        replace(proof, key=other.public),
        replace(proof, record=b"{}\n"),
    ):
        with pytest.raises(ProofError):
            check_proof(wrong, chain.public)
    with pytest.raises(ProofError, match="another key"):
        check_proof(proof, other.public)
    for text in ("", "[]", "{}", '{"form":"coconut-inclusion-proof-1","path":[["up",""]]}'):
        with pytest.raises(ProofError):
            Proof.loads(text)


def test_damaged_log_gives_no_proof(tmp_path: Path) -> None:
    chain = Chain.whole(42)
    record = Record.parse(chain.lines[2])
    path = tmp_path / "chain.log"
    path.write_bytes(chain.log.replace(record.line(), replace(record, result=-99).line()))
    with pytest.raises(ProofError, match="damaged"):
        prove([path], 2)


def test_query_of_a_log(tmp_path: Path) -> None:
    chain = Chain.whole(50, records=30)
    path = tmp_path / "chain.log"
    path.write_bytes(chain.log)
    every = list(records([path], Filter()))
    assert [record.seq for record in every] == list(range(1, chain.seq))
    for wanted in (
        Filter(aid=17),
        Filter(first=5, last=9),
        Filter(events=frozenset({Event.ACCESS}), decisions=frozenset({Decision.DENIED})),
        Filter(kinds=frozenset({Class.FS})),
        Filter(text=b"ab"),
    ):
        assert list(records([path], wanted)) == [r for r in every if wanted.matches(r)]
