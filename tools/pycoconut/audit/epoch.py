# SPDX-License-Identifier: Apache-2.0
"""Checks one epoch: its records one by one, then its seal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from blake3 import blake3

from ..keys import verify as verify_signature
from . import merkle
from .log import EPOCH_MAX
from .mac import MacKeys
from .record import LINE, LINE_MAX, RecordError, event_bytes
from .seal import Seal, SealError

__all__ = ["ZERO_HEAD", "Outcome", "Task", "Walk", "check_epoch", "read_seal", "walk_records"]

ZERO_HEAD = bytes(32)
#: More digits than these count as one record.
LOST = re.compile(rb"[0-9]{1,15}")


@dataclass(frozen=True)
class Task:
    """One epoch, and what must hold of it.

    Attributes:
        records: Lines.
        seal: Line.
        boot: Boot id in hexadecimal; empty: no record of the boot was seen.
        epoch: Its number; None: the log starts with it, and it is not the first of the boot.
        first: Number of its first record.
        head: Of the chain before it; None: not known.
        key: That must have signed it; None: not known.
        keys: One of these must have signed it; empty: does not matter.
        pruned: Its records are not there; what the seal says of itself is.
    """

    records: bytes
    seal: bytes
    boot: bytes
    epoch: int | None
    first: int
    head: bytes | None
    key: bytes | None
    keys: Sequence[bytes] = ()
    pruned: bool = False


@dataclass
class Walk:
    """What a walk over records found."""

    seq: int
    head: bytes | None
    leaves: list[bytes] = field(default_factory=list)
    problem: str = ""
    cut_off: bool = False
    lost: int = 0
    event: bytes = b""
    links: list[bytes] = field(default_factory=list)


def walk_records(
    records: bytes, boot: bytes, first: int, head: bytes | None, macs: MacKeys | None
) -> Walk:
    """Hashes records; stops at the first whose line, number, boot or MAC is wrong."""
    walk = Walk(first, head)
    at, end, seq = 0, len(records), first
    match_line, leaves = LINE.match, walk.leaves
    chained = head if head is not None else ZERO_HEAD
    while at < end:
        line = match_line(records, at)
        if line is None:
            walk.cut_off = end - at <= LINE_MAX and records.find(b"\n", at) < 0
            walk.problem = "it is cut off" if walk.cut_off else "its line has not the one form"
            break
        try:
            data = event_bytes(line)
        except RecordError as error:
            walk.problem = str(error)
            break
        if int(line[1]) != seq or line[2] != boot or len(leaves) >= EPOCH_MAX:
            walk.problem = _out_of_place(line, seq, boot)
            break
        if macs and not macs.check(int(line[5]), data, bytes.fromhex(line[15].decode())):
            walk.problem = "its MAC is wrong"
            break
        chained = blake3(chained + data).digest()
        leaves.append(blake3(b"\x00" + data).digest())
        event = line[8]
        if event == b"lost":
            walk.lost += int(line[13]) if LOST.fullmatch(line[13]) else 1
        elif event == b"link":
            walk.links.append(line[13])
        walk.event = event
        seq += 1
        at = line.end()
    walk.seq = seq
    walk.head = chained if head is not None else None
    return walk


def _out_of_place(line: re.Match[bytes], seq: int, boot: bytes) -> str:
    """Why a record cannot stand where it does."""
    if int(line[1]) != seq:
        return f"record {line[1].decode()} stands in its place"
    return "it is of another boot" if line[2] != boot else "no epoch has so many records"


@dataclass(frozen=True)
class Outcome:
    """What checking an epoch found; `problem` is empty where all is well."""

    problem: str = ""
    bad_seq: int | None = None
    bad_last: int | None = None
    epoch: int | None = None
    lost: int = 0
    links: tuple[bytes, ...] = ()


def read_seal(line: bytes) -> Seal | None:
    """The seal of a line; None: it is none."""
    try:
        return Seal.parse(line)
    except SealError:
        return None


def check_epoch(task: Task, macs: MacKeys | None = None) -> Outcome:
    """Checks one epoch: its records, then its seal."""
    walk = walk_records(task.records, task.boot, task.first, task.head, macs)
    if walk.problem:
        return Outcome(walk.problem, walk.seq, walk.seq, task.epoch)
    seal = read_seal(task.seal)
    if seal is None:
        problem = "the line of its seal has not the one form"
        return Outcome(problem, task.first, max(task.first, walk.seq - 1), task.epoch)
    epoch = seal.epoch if task.epoch is None else task.epoch
    problem = _signed(task, seal, epoch)
    if not problem and task.pruned and seal.count:
        return _check_pruned(task, seal, epoch)
    if not problem and (seal.first, seal.last, seal.count) != (
        task.first,
        walk.seq - 1,
        len(walk.leaves),
    ):
        return _miscounted(task, walk, seal, epoch)
    problem = problem or _sealed(walk, seal)
    if problem:
        # Which record it is cannot be told.
        return Outcome(problem, task.first, max(task.first, walk.seq - 1), epoch)
    return Outcome(lost=walk.lost, links=tuple(walk.links))


def _check_pruned(task: Task, seal: Seal, epoch: int) -> Outcome:
    """A seal alone: it goes on where the one before ended, and closes no boot."""
    if (seal.first, seal.count) == (task.first, seal.last - seal.first + 1) and not seal.final:
        return Outcome()
    problem = f"a seal without its records does not go on at {task.first}"
    return Outcome(problem, task.first, task.first, epoch)


def _signed(task: Task, seal: Seal, epoch: int) -> str:
    """Why this seal cannot be that of the epoch; empty: it can."""
    if task.keys and not any(seal.verify(key) for key in task.keys):
        return "its seal is signed by none of the keys that were given"
    if seal.epoch != epoch:
        return f"the seal of epoch {seal.epoch} stands in the place of {epoch}"
    if task.key is not None and not verify_signature(task.key, seal.signed_bytes(), seal.signature):
        return "the signature of its seal is wrong"
    return ""


def _miscounted(task: Task, walk: Walk, seal: Seal, epoch: int) -> Outcome:
    """A seal that is for more, fewer or other records."""
    last = walk.seq - 1
    bad = min(seal.first, task.first) if seal.first != task.first else min(last, seal.last) + 1
    problem = (
        f"the seal says {seal.first} to {seal.last}, {seal.count} records; "
        f"there are {len(walk.leaves)}"
    )
    return Outcome(problem, bad, max(last, seal.last), epoch)


def _sealed(walk: Walk, seal: Seal) -> str:
    """Why the records cannot be what was sealed; empty: they can."""
    if merkle.root(walk.leaves) != seal.root:
        return "a record is not what was sealed"
    if walk.head is not None and walk.head != seal.head:
        return "the chain's head is not what was sealed"
    if seal.final and walk.event != b"shutdown":
        return "the last seal does not follow the record of a shutdown"
    return ""
