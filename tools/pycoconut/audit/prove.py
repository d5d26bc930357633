# SPDX-License-Identifier: Apache-2.0
"""Inclusion proofs: one record, shown to be in the chain by nothing but hashes and seals.

A proof is JSON that stands alone: the record's line, its path to the epoch's Merkle
root, and the seals from the start of the boot to that epoch, each of which names
the key of the next. Who knows the key of epoch 0 needs no log.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CoconutError
from . import merkle
from .log import blocks, files
from .record import Record, RecordError
from .seal import Seal, SealError

__all__ = ["Proof", "ProofError", "check_proof", "prove"]

FORM = "coconut-inclusion-proof-1"
STEPS_MAX = 64


class ProofError(CoconutError):
    """There is no such proof, or it does not hold."""


@dataclass(frozen=True)
class Proof:
    """What shows that a record is in the chain.

    Attributes:
        record: Its line.
        path: From its leaf to the root.
        seals: Lines of the seals, from epoch 0 to its own.
        key: Public key of epoch 0, as the boot record has it.
    """

    record: bytes
    path: tuple[tuple[str, bytes], ...]
    seals: tuple[bytes, ...]
    key: bytes

    def dumps(self) -> str:
        return json.dumps(
            {
                "form": FORM,
                "record": self.record.decode(),
                "path": [[side, node.hex()] for side, node in self.path],
                "seals": [seal.decode() for seal in self.seals],
                "key": self.key.hex(),
            },
            indent=1,
        )

    @classmethod
    def loads(cls, text: str) -> Proof:
        """Reads what dumps() wrote.

        Raises:
            ProofError: It is none.
        """
        try:
            value: Any = json.loads(text)
            if value["form"] != FORM or len(value["path"]) > STEPS_MAX:
                raise ProofError("no inclusion proof of this form")
            path = tuple((str(side), bytes.fromhex(node)) for side, node in value["path"])
            if not {side for side, _ in path} <= {"left", "right"}:
                raise ProofError("a step is to the left or to the right")
            return cls(
                value["record"].encode(),
                path,
                tuple(seal.encode() for seal in value["seals"]),
                bytes.fromhex(value["key"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProofError(f"no inclusion proof: {error}") from None


def prove(paths: Sequence[Path], seq: int) -> Proof:
    """Makes the proof for a record under a seal.

    Raises:
        ProofError: The log has no such record under a seal, or starts after record 1.
        LogError, OSError: A file cannot be read.
    """
    seals: list[bytes] = []
    key = b""
    for block in blocks(files(paths)):
        lines = block.records.splitlines(keepends=True)
        try:
            if block.first:
                seals, key = [], Record.parse(lines[0]).object[:32]
            if block.seal is None:
                continue
            seal = Seal.parse(block.seal)
            seals.append(block.seal)
            if not seal.first <= seq <= seal.last:
                continue
            if not key:
                raise ProofError("the log does not start with the record of a boot")
            found = [Record.parse(line) for line in lines]
        except (RecordError, SealError) as error:
            raise ProofError(f"the log is damaged: {error}", hint="coconut audit verify") from None
        leaves = [merkle.leaf(record.encode()) for record in found]
        if not 0 <= seq - seal.first < len(lines) or merkle.root(leaves) != seal.root:
            raise ProofError("the log is damaged", hint="coconut audit verify")
        index = seq - seal.first
        return Proof(lines[index], tuple(merkle.path(leaves, index)), tuple(seals), key)
    raise ProofError(f"no record {seq} under a seal", hint="the last epoch has no seal yet")


def check_proof(proof: Proof, key: bytes | None = None) -> Record:
    """Checks a proof; returns the record that it is about.

    Args:
        proof: What was handed over.
        key: Public key of epoch 0, known from elsewhere. None: the proof's own is
            believed, and then it shows only that proof and seals fit each other.

    Raises:
        ProofError: It does not hold.
    """
    if key is not None and key != proof.key:
        raise ProofError("the proof starts from another key")
    try:
        record = Record.parse(proof.record)
        seals = [Seal.parse(line) for line in proof.seals]
    except (RecordError, SealError) as error:
        raise ProofError(f"it does not hold: {error}") from None
    signer = proof.key
    for epoch, seal in enumerate(seals):
        if seal.epoch != epoch or not seal.verify(signer):
            raise ProofError(f"it does not hold: the seal of epoch {epoch} is not signed")
        signer = seal.next
    if not seals or not seals[-1].first <= record.seq <= seals[-1].last:
        raise ProofError("it does not hold: the record is not of that epoch")
    if merkle.climb(merkle.leaf(record.encode()), proof.path) != seals[-1].root:
        raise ProofError("it does not hold: the path does not lead to the root")
    return record
