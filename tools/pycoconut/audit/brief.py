# SPDX-License-Identifier: Apache-2.0
"""Brief inclusion proofs: one record, shown to be below a checkpoint.

They stand alone as those of prove.py do, and do not grow with the log: in the place of
all seals since the boot stands one, and the path from it to the checkpoint's root. What
is believed is who signed the checkpoint.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import merkle, tlog
from .checkpoint import Checkpoint, CheckpointError, seal_trees
from .note import NoteError, NoteKey, decode_base64
from .prove import STEPS_MAX, ProofError, prove
from .record import Record, RecordError
from .seal import Seal, SealError

__all__ = ["BriefProof", "check_brief", "prove_briefly"]

FORM = "coconut-brief-proof-1"
SIDES = {"l": "left", "r": "right"}


@dataclass(frozen=True)
class BriefProof:
    """What shows that a record is below a checkpoint.

    Attributes:
        record: Its line.
        path: From its leaf to the root of its epoch.
        seal: Line of the epoch's seal.
        seals: From the seal to the root of the checkpoint.
        note: The checkpoint.
    """

    record: bytes
    path: tuple[tuple[str, bytes], ...]
    seal: bytes
    seals: tuple[bytes, ...]
    note: str

    def dumps(self) -> str:
        value = {
            "form": FORM,
            "record": self.record.decode(),
            "path": [side[0] + base64.b64encode(node).decode() for side, node in self.path],
            "seal": self.seal.decode(),
            "seals": [base64.b64encode(node).decode() for node in self.seals],
            "note": self.note,
        }
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def loads(cls, text: str) -> BriefProof:
        """Reads what dumps() wrote.

        Raises:
            ProofError: It is none.
        """
        try:
            value: Any = json.loads(text)
            if value["form"] != FORM or max(len(value["path"]), len(value["seals"])) > STEPS_MAX:
                raise ProofError("no brief proof of this form")
            return cls(
                value["record"].encode(),
                tuple((SIDES[step[:1]], decode_base64(step[1:])) for step in value["path"]),
                value["seal"].encode(),
                tuple(decode_base64(step) for step in value["seals"]),
                str(value["note"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ProofError(f"no brief proof: {error}") from None
        except NoteError as error:
            raise ProofError(f"no brief proof: {error}") from None


def prove_briefly(paths: Sequence[Path], seq: int, note: str, key: NoteKey) -> BriefProof:
    """Makes the proof for a record of a checkpoint's boot.

    Raises:
        ProofError: The record is not below the checkpoint, or the log is not that one.
        NoteError, CheckpointError: The note is no checkpoint by this key.
        LogError, OSError: A file cannot be read.
    """
    checkpoint = Checkpoint.open(note, key)
    proof = prove(paths, seq)
    tree = next((tree for tree in seal_trees(paths) if tree.boot == checkpoint.boot), None)
    boot = Record.parse(proof.record).boot.hex()
    epoch = len(proof.seals) - 1
    if tree is None or not tree.whole or boot != checkpoint.boot:
        raise ProofError("the checkpoint is of another boot, or the log lacks that one's start")
    leaves = tree.leaves[: checkpoint.size]
    if epoch >= checkpoint.size or tlog.root(leaves) != checkpoint.root:
        raise ProofError("the record is not below the checkpoint", hint="make a newer checkpoint")
    seals = tuple(tlog.inclusion(epoch, leaves))
    return BriefProof(proof.record, proof.path, proof.seals[-1], seals, note)


def check_brief(proof: BriefProof, key: NoteKey) -> Record:
    """Checks a proof; returns the record that it is about.

    Raises:
        ProofError: It does not hold.
    """
    try:
        record = Record.parse(proof.record)
        seal = Seal.parse(proof.seal)
        checkpoint = Checkpoint.open(proof.note, key)
    except (RecordError, SealError, NoteError, CheckpointError) as error:
        raise ProofError(f"it does not hold: {error}") from None
    if record.boot.hex() != checkpoint.boot or not seal.first <= record.seq <= seal.last:
        raise ProofError("it does not hold: the record is not of that boot and epoch")
    if merkle.climb(merkle.leaf(record.encode()), proof.path) != seal.root:
        raise ProofError("it does not hold: the path does not lead to the root")
    leaf = tlog.leaf(proof.seal)
    if tlog.climb(seal.epoch, checkpoint.size, leaf, proof.seals) != checkpoint.root:
        raise ProofError("it does not hold: the seal is not below the checkpoint")
    return record
