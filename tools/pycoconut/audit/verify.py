# SPDX-License-Identifier: Apache-2.0
"""Verifies a log: every byte is hashed, every seal checked, the first bad record named.

An epoch is checked on its own, from what the seal before it says; that each seal
says the truth is what checking its own epoch shows. So epochs can be checked side
by side, and the first that fails decides.

What can be said without the boot's MAC seed: whether an epoch is as it was sealed.
With it, also which record of the epoch was changed, and whether the records after
the last seal are as they were written.
"""

from __future__ import annotations

import multiprocessing
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from multiprocessing.pool import AsyncResult
from pathlib import Path
from typing import Any

from blake3 import blake3

from ..keys import verify as verify_signature
from . import merkle
from .log import Block, blocks, files
from .mac import MacKeys
from .record import LINE, RecordError, event_bytes, object_bytes
from .seal import Seal, SealError

__all__ = ["EXIT_CODES", "BootReport", "Report", "Verdict", "verify"]

ZERO_HEAD = bytes(32)
#: Records go to another process in portions of about so many bytes.
PORTION = 1 << 20
LINK = re.compile(rb"([0-9a-f]{32}):([0-9]{1,20}):([0-9a-f]{64})")


class Verdict(IntEnum):
    """What a log is, from best to worst."""

    INTACT = 0
    UNANCHORED = 1
    INCOMPLETE = 2
    TRUNCATED = 3
    TAMPERED = 4

    @property
    def text(self) -> str:
        return "intact but unanchored" if self is Verdict.UNANCHORED else self.name.lower()


#: Exit codes of `coconut audit verify`.
EXIT_CODES = {
    Verdict.INTACT: 0,
    Verdict.UNANCHORED: 10,
    Verdict.TRUNCATED: 11,
    Verdict.TAMPERED: 12,
    Verdict.INCOMPLETE: 13,
}


@dataclass
class BootReport:
    """What was found of one boot.

    Attributes:
        verdict: What this boot's log is.
        reasons: Why it is no better, one sentence each.
        boot: Boot id; empty where not even that could be read.
        records: How many were checked.
        epochs: How many seals were checked.
        first_seq, last_seq: Of the records under a seal.
        head: Head of the chain after last_seq.
        unsealed: Records after the last seal.
        lost: Records that the kernel says it could not keep.
        bad_seq, bad_last: The first bad record; a range where it cannot be told closer.
        epoch: In which epoch it is.
        anchored: Was the key of the first epoch known beforehand?
        macs: Were the MACs checked?
        final: Is there a last seal?
    """

    verdict: Verdict = Verdict.INTACT
    reasons: list[str] = field(default_factory=list)
    boot: str = ""
    records: int = 0
    epochs: int = 0
    first_seq: int = 0
    last_seq: int = 0
    head: str = ""
    unsealed: int = 0
    lost: int = 0
    bad_seq: int | None = None
    bad_last: int | None = None
    epoch: int | None = None
    anchored: bool = False
    macs: bool = False
    final: bool = False

    def worsen(self, verdict: Verdict, reason: str) -> None:
        self.verdict = max(self.verdict, verdict)
        self.reasons.append(reason)


@dataclass
class Report:
    """What was found of a log: one or more boots, in order."""

    boots: list[BootReport]

    @property
    def verdict(self) -> Verdict:
        """That of the worst boot."""
        return max((boot.verdict for boot in self.boots), default=Verdict.TRUNCATED)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]

    def to_json(self) -> dict[str, Any]:
        boots = [{**vars(boot), "verdict": boot.verdict.text} for boot in self.boots]
        return {"verdict": self.verdict.text, "exit_code": self.exit_code, "boots": boots}


@dataclass(frozen=True)
class _Task:
    """One epoch, and what must hold of it."""

    records: bytes
    seal: Seal
    boot: bytes
    first: int
    head: bytes | None
    key: bytes | None


@dataclass
class _Walk:
    """What a walk over records found."""

    seq: int
    head: bytes | None
    leaves: list[bytes] = field(default_factory=list)
    problem: str = ""
    cut_off: bool = False
    lost: int = 0
    event: bytes = b""
    link: bytes = b""


def _walk(
    records: bytes, boot: bytes, first: int, head: bytes | None, macs: MacKeys | None
) -> _Walk:
    """Hashes records; stops at the first whose line, number, boot or MAC is wrong."""
    walk = _Walk(first, head)
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
        if macs and not macs.check(int(line[5]), data, bytes.fromhex(line[14].decode())):
            walk.problem = "its MAC is wrong"
            break
        chained = blake3(chained + data).digest()
        leaves.append(blake3(b"\x00" + data).digest())
        event = line[8]
        if event == b"lost":
            walk.lost += int(line[12]) if line[12].isdigit() else 1
        elif event == b"link":
            walk.link = line[12]
        walk.event = event
        seq += 1
        at = line.end()
    walk.seq = seq
    walk.head = chained if head is not None else None
    return walk


@dataclass(frozen=True)
class _Outcome:
    """What checking an epoch found; `problem` is empty where all is well."""

    problem: str = ""
    bad_seq: int | None = None
    bad_last: int | None = None
    lost: int = 0
    link: bytes = b""


def _check(task: _Task, macs: MacKeys | None = None) -> _Outcome:
    """Checks one epoch: its records, then its seal."""
    seal = task.seal
    if task.key is not None and not verify_signature(task.key, seal.signed_bytes(), seal.signature):
        # The seal itself may be what is wrong: look at the records, then say so.
        walk = _walk(task.records, task.boot, task.first, task.head, macs)
        if walk.problem:
            return _Outcome(walk.problem, walk.seq, walk.seq)
        return _of_epoch(task, "the signature of its seal is wrong")
    walk = _walk(task.records, task.boot, task.first, task.head, macs)
    if walk.problem:
        return _Outcome(walk.problem, walk.seq, walk.seq)
    count = walk.seq - task.first
    if (seal.first, seal.last, seal.count) != (task.first, walk.seq - 1, count):
        return _Outcome(
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
    return _Outcome(lost=walk.lost, link=walk.link)


def _of_epoch(task: _Task, problem: str) -> _Outcome:
    """A problem of the whole epoch: which record it is cannot be told."""
    return _Outcome(problem, task.first, max(task.first, task.seal.last))


def _check_portion(tasks: Sequence[_Task]) -> list[_Outcome]:
    """What another process does; stops at the first problem."""
    found = []
    for task in tasks:
        found.append(_check(task))
        if found[-1].problem:
            break
    return found


def _portions(tasks: Iterable[_Task]) -> Iterator[list[_Task]]:
    portion: list[_Task] = []
    size = 0
    for task in tasks:
        portion.append(task)
        size += len(task.records) + 1024
        if size >= PORTION:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


class _Boot:
    """Reads the blocks of one boot, hands out its epochs, and judges it."""

    def __init__(self, keys: Sequence[bytes], seed: bytes | None, live: bool) -> None:
        self.report = BootReport()
        self.keys = keys
        self.live = live
        self.macs: MacKeys | None = None
        self.seed = seed
        self.boot = b""
        self.next_seq = 1
        self.epoch = 0
        self.head: bytes | None = ZERO_HEAD
        self.key: bytes | None = None
        self.tail: bytes | None = None
        self.begun = False
        self.links: list[bytes] = []
        self.problem = ""

    def begin(self, block: Block) -> None:
        """Takes from the first line what the rest must agree with."""
        self.begun = True
        line = LINE.match(block.records)
        if line is None:
            return
        self.boot = line[2]
        self.report.boot = line[2].decode()
        seq = int(line[1])
        if self.seed is not None and seq == 1:
            self.macs = MacKeys(self.seed, bytes.fromhex(self.report.boot))
            self.report.macs = True
        self.report.first_seq = self.next_seq = seq
        if seq == 1:
            self._open(line)
        else:
            self._join(block, seq)

    def _open(self, line: re.Match[bytes]) -> None:
        """The BOOT record holds the key of epoch 0."""
        try:
            what = object_bytes(line[12])
        except RecordError:
            return
        if line[8] != b"boot" or len(what) != 64:
            self.problem = "the first record is not that of a boot, with its keys"
            return
        self.key = what[:32]
        if self.keys and self.key not in self.keys:
            self.problem = "the boot's key is not the one that was given"
        self.report.anchored = bool(self.keys) and not self.problem

    def _join(self, block: Block, seq: int) -> None:
        """The log starts later: nothing says what came before."""
        self.head = None
        self.report.worsen(
            Verdict.INCOMPLETE, f"the log starts with record {seq}; what came before is not in it"
        )
        if block.seal is None:
            return
        try:
            seal = Seal.parse(block.seal)
        except SealError:
            return
        self.epoch = seal.epoch
        self.key = next((key for key in self.keys if seal.verify(key)), None)
        self.report.anchored = self.key is not None
        if self.keys and self.key is None:
            self.problem = "the first seal is signed by none of the keys that were given"

    def task(self, block: Block) -> _Task | None:
        """What to check of a block; None where the block itself is wrong."""
        if not self.begun:
            self.begin(block)
        if block.problem:
            self.problem = block.problem
        if self.problem:
            return None
        if self.report.final:
            self.problem = "something follows the last seal of the boot"
            return None
        assert block.seal is not None
        try:
            seal = Seal.parse(block.seal)
        except SealError:
            if not block.seal.endswith(b"\n"):
                self.tail = block.records + block.seal
                return None
            self.problem = "the seal's line has not the one form"
            return None
        if seal.epoch != self.epoch:
            self.problem = f"the seal of epoch {seal.epoch} stands in the place of {self.epoch}"
            return None
        task = _Task(block.records, seal, self.boot, self.next_seq, self.head, self.key)
        self.next_seq, self.head, self.key = seal.last + 1, seal.head, seal.next
        self.epoch += 1
        self.report.final = seal.final
        return task

    def done(self, task: _Task, outcome: _Outcome) -> bool:
        """Takes what was found of an epoch; False: no need to go on."""
        report = self.report
        if outcome.problem:
            report.bad_seq, report.bad_last = outcome.bad_seq, outcome.bad_last
            report.epoch = task.seal.epoch
            report.worsen(Verdict.TAMPERED, outcome.problem)
            report.final = False
            return False
        report.epochs += 1
        report.records += task.seal.count
        report.last_seq, report.head = task.seal.last, task.seal.head.hex()
        report.lost += outcome.lost
        if outcome.link:
            self.links.append(outcome.link)
        return True

    def close(self) -> BootReport:
        """The verdict, after all epochs are done."""
        report = self.report
        if report.verdict == Verdict.TAMPERED:
            return report
        if self.problem:
            report.worsen(Verdict.TAMPERED, self.problem)
            report.bad_seq = report.bad_last = report.last_seq + 1 if report.epochs else 1
            report.epoch = self.epoch
            return report
        if self.tail and not self._close_tail(self.tail):
            return report
        if not self.live:
            if report.unsealed:
                report.worsen(
                    Verdict.TRUNCATED, f"{report.unsealed} records at its end are under no seal"
                )
            elif not report.final:
                report.worsen(Verdict.TRUNCATED, "it ends without the last seal of the boot")
        if report.lost:
            report.worsen(Verdict.INCOMPLETE, f"the kernel could not keep {report.lost} records")
        if not report.anchored:
            report.worsen(
                Verdict.UNANCHORED, "no key was given to compare that of the boot record with"
            )
        return report

    def _close_tail(self, tail: bytes) -> bool:
        """Looks at the records after the last seal; False: they were tampered with."""
        walk = _walk(tail, self.boot, self.next_seq, ZERO_HEAD, self.macs)
        self.report.unsealed = walk.seq - self.next_seq
        if walk.cut_off:
            self.report.worsen(Verdict.TRUNCATED, f"it is cut off in record {walk.seq}")
        elif walk.problem:
            self.report.worsen(Verdict.TAMPERED, walk.problem)
            self.report.bad_seq = self.report.bad_last = walk.seq
            return False
        return True


class _Verifier:
    """Reads the log once, boot by boot."""

    def __init__(
        self, source: Iterator[Block], keys: Sequence[bytes], seed: bytes | None, live: bool
    ) -> None:
        self.source = source
        self.make: Callable[[], _Boot] = lambda: _Boot(keys, seed, live)
        self.pending: Block | None = next(source, None)
        self.boots: list[_Boot] = []

    def run(self, jobs: int) -> Report:
        while self.pending is not None:
            boot = self.make()
            self.boots.append(boot)
            if jobs > 1 and boot.seed is None:
                self._side_by_side(boot, jobs)
            else:
                self._one_by_one(boot)
            boot.close()
            if boot.report.verdict == Verdict.TAMPERED:
                break
        self._compare_boots()
        return Report([boot.report for boot in self.boots])

    def _tasks(self, boot: _Boot) -> Iterator[_Task]:
        """The epochs of one boot; the next boot's first block stays pending."""
        first = True
        while (block := self.pending) is not None:
            if not first and block.opens and not self._same(boot, block):
                return
            first = False
            self.pending = next(self.source, None)
            if block.seal is None and not block.problem:
                if not boot.begun:
                    boot.begin(block)
                boot.tail = (boot.tail or b"") + block.records
                continue
            if boot.tail is not None:
                # Records of this boot after which something else than a boot comes.
                boot.problem = "records without a seal stand before others"
                return
            task = boot.task(block)
            if task is None:
                return
            yield task

    def _same(self, boot: _Boot, block: Block) -> bool:
        line = LINE.match(block.records)
        return line is not None and line[2] == boot.boot

    def _one_by_one(self, boot: _Boot) -> None:
        for task in self._tasks(boot):
            if not boot.done(task, _check(task, boot.macs)):
                return

    def _side_by_side(self, boot: _Boot, jobs: int) -> None:
        # Not imap(): it would read the whole log ahead of who checks it.
        under_way: deque[tuple[list[_Task], AsyncResult[list[_Outcome]]]] = deque()
        portions = _portions(self._tasks(boot))
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            while True:
                while len(under_way) < 2 * jobs and (portion := next(portions, None)):
                    under_way.append((portion, pool.apply_async(_check_portion, (portion,))))
                if not under_way:
                    return
                tasks, result = under_way.popleft()
                for task, outcome in zip(tasks, result.get(), strict=False):
                    if not boot.done(task, outcome):
                        return

    def _compare_boots(self) -> None:
        """A LINK record says where the boot before ended: does it end there?"""
        for before, after in zip(self.boots, self.boots[1:], strict=False):
            for link in after.links:
                match = LINK.fullmatch(link)
                if match is None or match[1].decode() != before.report.boot:
                    continue
                last, head = int(match[2]), match[3].decode()
                if (last, head) == (before.report.last_seq, before.report.head):
                    continue
                if last > before.report.last_seq:
                    before.report.worsen(
                        Verdict.TRUNCATED, f"the next boot says that it went on to record {last}"
                    )
                else:
                    before.report.worsen(
                        Verdict.TAMPERED, "the next boot names another head for it"
                    )


def verify(
    paths: Sequence[Path],
    *,
    keys: Sequence[bytes] = (),
    seed: bytes | None = None,
    live: bool = False,
    jobs: int | None = None,
) -> Report:
    """Verifies logs.

    Args:
        paths: Files, or folders of them, in order.
        keys: Public keys of epoch 0 (32 bytes) that are known from elsewhere. None:
            the log can be intact, but who wrote it is not known.
        seed: MAC seed of the boot.
        live: The log is of a running system: it has no last seal yet.
        jobs: How many processes; by default as many as there are CPUs for a log that
            is worth it. With a seed it is one: MACs follow from each other.

    Raises:
        LogError: A file cannot be read as a log.
        OSError: A file cannot be read.
    """
    found = files(paths)
    if jobs is None:
        size = sum(path.stat().st_size for path in found)
        jobs = len(os.sched_getaffinity(0)) if size > 8 * PORTION else 1
    return _Verifier(blocks(found), keys, seed, live).run(jobs)
