# SPDX-License-Identifier: Apache-2.0
"""Checkpoints (https://c2sp.org/tlog-checkpoint): how far a boot's log was at some moment.

A checkpoint is a signed note that somebody else keeps: the boot, how many seals there
were, and the root of the tree over them. A log that was put back to an older state has
fewer, and one that was written anew has others.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import CoconutError
from ..keys import SecretKey
from . import tlog
from .epoch import read_seal
from .log import Block, blocks, files
from .note import NoteKey, decode_base64, open_note, read_note, sign_note
from .record import LINE
from .report import BootReport, Report, Verdict

__all__ = ["Checkpoint", "CheckpointError", "SealTree", "boot_of", "compare", "seal_trees"]

BOOT = re.compile(r"[0-9a-f]{32}")
SIZE = re.compile(r"0|[1-9][0-9]{0,17}")


class CheckpointError(CoconutError):
    """A note that is no checkpoint, or a log that has none to give."""


@dataclass(frozen=True)
class Checkpoint:
    """How far one boot's log was.

    Attributes:
        name: Whose log it is: the name of the key that signs it.
        boot: Boot id, 32 hex digits.
        size: Seals that there were.
        root: Of the tree over them, 32 bytes.
    """

    name: str
    boot: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed: origin, size, root."""
        encoded = base64.b64encode(self.root).decode()
        return f"{self.name}/{self.boot}\n{self.size}\n{encoded}\n"

    def sign(self, key: SecretKey) -> str:
        """The note."""
        return sign_note(self.text, self.name, key)

    @classmethod
    def open(cls, note: str, key: NoteKey) -> Checkpoint:
        """Reads a note that this key signed. Lines after the root are passed over.

        Raises:
            NoteError: It is no note, or is not signed by the key.
            CheckpointError: It is no checkpoint of that key's log.
        """
        lines = open_note(note, key).split("\n")
        if len(lines) < 4:
            raise CheckpointError("no checkpoint: origin, size and root are asked for")
        name, _, boot = lines[0].rpartition("/")
        if name != key.name or BOOT.fullmatch(boot) is None or SIZE.fullmatch(lines[1]) is None:
            raise CheckpointError("no checkpoint of a boot of this log")
        found = cls(name, boot, int(lines[1]), decode_base64(lines[2]))
        if len(found.root) != 32:
            raise CheckpointError("the root of a tree has 32 bytes")
        return found

    @classmethod
    def read(cls, path: Path, key: NoteKey) -> Checkpoint:
        """Reads the file of a note that this key signed.

        Raises:
            As open(); OSError: It cannot be read.
        """
        return cls.open(read_note(path), key)


@dataclass
class SealTree:
    """The seals of a boot.

    Attributes:
        boot: Boot id, 32 hex digits; empty where no record was seen.
        leaves: Hashes of their lines.
        whole: The first of them is the boot's first.
    """

    boot: str
    leaves: list[bytes]
    whole: bool = True

    def checkpoint(self, name: str) -> Checkpoint:
        """How far it is.

        Raises:
            CheckpointError: The start of the log, or the boot's name, is missing.
        """
        if not self.whole or not self.boot or not self.leaves:
            raise CheckpointError("the log has not all seals of the boot from its first on")
        return Checkpoint(name, self.boot, len(self.leaves), tlog.root(self.leaves))


def boot_of(block: Block) -> str:
    """The boot that a block says it is of; empty: it does not say."""
    line = LINE.match(block.records)
    return line[2].decode() if line else block.boot.decode()


def seal_trees(paths: Sequence[Path]) -> list[SealTree]:
    """The seals of each boot of a log, in order; that they are true is for verify() to say.

    Raises:
        LogError, OSError: A file cannot be read.
    """
    trees: list[SealTree] = []
    for block in blocks(files(paths)):
        boot = boot_of(block)
        last = trees[-1].boot if trees else ""
        other = boot not in ("", last) and (block.first or last != "")
        if not trees or block.opens or other:
            trees.append(SealTree(boot, []))
        tree = trees[-1]
        tree.boot = tree.boot or boot
        seal = read_seal(block.seal) if block.seal is not None else None
        if seal is None or block.seal is None:
            continue
        tree.whole = tree.whole and seal.epoch == len(tree.leaves)
        tree.leaves.append(tlog.leaf(block.seal))
    return trees


def compare(report: Report, trees: Sequence[SealTree], checkpoint: Checkpoint) -> None:
    """Worsens the report of a log that has not come as far as a checkpoint of it.

    Of a boot that was tampered with nothing after the first bad record is judged, nor is this.
    """
    found = next((boot for boot in report.boots if boot.boot == checkpoint.boot), None)
    if found is None:
        found = BootReport(boot=checkpoint.boot)
        report.boots.append(found)
        found.worsen(Verdict.TRUNCATED, "the checkpoint is of this boot, which is not there")
        return
    if found.verdict is Verdict.TAMPERED:
        return
    tree = next(tree for tree in trees if tree.boot == checkpoint.boot)
    if not tree.whole:
        found.worsen(Verdict.INCOMPLETE, "without the boot's first seals no checkpoint is checked")
    elif len(tree.leaves) < checkpoint.size:
        found.worsen(
            Verdict.TRUNCATED,
            f"the checkpoint is of {checkpoint.size} seals, and {len(tree.leaves)} are there",
        )
    elif tlog.root(tree.leaves[: checkpoint.size]) != checkpoint.root:
        found.worsen(Verdict.TAMPERED, "the checkpoint is of other seals")
