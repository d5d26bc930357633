# SPDX-License-Identifier: Apache-2.0
"""Checks one epoch: its records one by one, then its seal."""

from __future__ import annotations

from dataclasses import dataclass, field

from blake3 import blake3

from ..keys import verify as verify_signature
from . import merkle
from .mac import MacKeys
from .record import LINE, RecordError, event_bytes
from .seal import Seal

__all__ = ["ZERO_HEAD", "Outcome", "Task", "Walk", "check_epoch", "walk_records"]

ZERO_HEAD = bytes(32)


@dataclass(frozen=True)
class Task:
    """One epoch, and what must hold of it."""

    records: bytes
    seal: Seal
    boot: bytes
    first: int
    head: bytes | None
    key: bytes | None
    pruned: bool = False
    """Its records are not there; what the seal says of itself is."""


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
    link: bytes = b""


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
            walk.cut_off = records.find(b"\n", at) < 0
            walk.problem = "it is cut off" if walk.cut_off else "its line has not the one form"
            break
        if int(line[1]) != seq:
            walk.problem = f"record {line[1].decode()} stands in its place"
            break
        if line[2] != boot:
            walk.problem = "it is of another boot"
            break
        try:
            data = event_bytes(line)
        except RecordError as error:
            walk.problem = str(error)
            break
        if macs and not macs.check(int(line[5]), data, bytes.fromhex(line[15].decode())):
            walk.problem = "its MAC is wrong"
            break
        chained = blake3(chained + data).digest()
        leaves.append(blake3(b"\x00" + data).digest())
        event = line[8]
        if event == b"lost":
            walk.lost += int(line[13]) if line[13].isdigit() else 1
        elif event == b"link":
            walk.link = line[13]
        walk.event = event
        seq += 1
        at = line.end()
    walk.seq = seq
    walk.head = chained if head is not None else None
    return walk


@dataclass(frozen=True)
class Outcome:
    """What checking an epoch found; `problem` is empty where all is well."""

    problem: str = ""
    bad_seq: int | None = None
    bad_last: int | None = None
    lost: int = 0
    link: bytes = b""


def check_epoch(task: Task, macs: MacKeys | None = None) -> Outcome:
    """Checks one epoch: its records, then its seal."""
    seal = task.seal
    if task.key is not None and not verify_signature(task.key, seal.signed_bytes(), seal.signature):
        # The seal itself may be what is wrong: look at the records, then say so.
        walk = walk_records(task.records, task.boot, task.first, task.head, macs)
        if walk.problem:
            return Outcome(walk.problem, walk.seq, walk.seq)
        return _of_epoch(task, "the signature of its seal is wrong")
    if task.pruned:
        return _check_pruned(task)
    walk = walk_records(task.records, task.boot, task.first, task.head, macs)
    if walk.problem:
        return Outcome(walk.problem, walk.seq, walk.seq)
    count = walk.seq - task.first
    if (seal.first, seal.last, seal.count) != (task.first, walk.seq - 1, count):
        return Outcome(
            f"the seal says {seal.first} to {seal.last}, {seal.count} records; there are {count}",
            min(walk.seq, seal.last + 1),
            max(walk.seq - 1, seal.last),
        )
    if merkle.root(walk.leaves) != seal.root:
        return _of_epoch(task, "a record is not what was sealed")
    if walk.head is not None and walk.head != seal.head:
        return _of_epoch(task, "the chain's head is not what was sealed")
    if seal.final and walk.event != b"shutdown":
        return _of_epoch(task, "the last seal does not follow the record of a shutdown")
    return Outcome(lost=walk.lost, link=walk.link)


def _check_pruned(task: Task) -> Outcome:
    """A seal alone: it goes on where the one before ended, and closes no boot."""
    seal = task.seal
    if seal.first != task.first or seal.last - seal.first + 1 != seal.count or seal.final:
        return _of_epoch(task, f"a seal without its records does not go on at {task.first}")
    return Outcome()


def _of_epoch(task: Task, problem: str) -> Outcome:
    """A problem of the whole epoch: which record it is cannot be told."""
    return Outcome(problem, task.first, max(task.first, task.seal.last))
