# SPDX-License-Identifier: Apache-2.0
"""One boot of a log: the epochs that are in it, and what is found of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .epoch import ZERO_HEAD, Outcome, Task, read_seal, walk_records
from .log import FIRST_MARK, Block
from .mac import MacKeys
from .opening import Opening
from .record import LINE, RecordError, event_bytes, object_bytes
from .report import BootReport, Verdict

__all__ = ["Boot"]


def _first_line(records: bytes) -> re.Match[bytes] | None:
    """The first line, if it is that of a record."""
    line = LINE.match(records)
    try:
        if line is not None:
            event_bytes(line)
    except RecordError:
        return None
    return line


class Boot:
    """Reads the blocks of one boot, hands out its epochs, and judges it.

    Attributes:
        report: What is found.
        stopped: Nothing after this can be judged.
        links: What its records say of the boot before.
    """

    def __init__(self, keys: Sequence[bytes], seed: bytes | None) -> None:
        self.report = BootReport()
        self.stopped = False
        self.links: list[bytes] = []
        self.macs: MacKeys | None = None
        self.seed = seed
        self._keys = keys
        self._boot = b""
        self._seq = 1
        self._epoch: int | None = 0
        self._head: bytes | None = ZERO_HEAD
        self._key: bytes | None = None
        self._tail = b""
        self._begun = self._final = False
        self._problem = ""

    def has(self, block: Block) -> bool:
        """Does this boot go on with the next block?"""
        if block.opens:
            return False
        if self._final and block.seal is None and FIRST_MARK.startswith(block.records):
            return not block.records
        line = _first_line(block.records) if block.first else None
        return not block.first or (line is not None and line[2] == self._boot)

    def task(self, block: Block) -> Task | None:
        """What to check of a block; None: nothing now."""
        if self._final and (block.records or block.seal is not None):
            self._problem, self.stopped = "something follows the last seal of the boot", True
            return None
        if not self._begun:
            self._begin(block)
        self._name(block)
        self._tail += block.records
        self._problem = self._problem or block.problem
        self.stopped = self.stopped or bool(self._problem)
        self.report.recovered |= block.recovered and not self.stopped
        if self.stopped or block.seal is None:
            return None
        return self._task(block.seal, block.pruned and not self._tail)

    def _task(self, line: bytes, pruned: bool) -> Task:
        seal = read_seal(line)
        task = Task(
            records=self._tail,
            seal=line,
            boot=self._boot,
            epoch=self._epoch,
            first=self._seq,
            head=self._head,
            key=self._key,
            keys=self._keys if self._epoch is None else (),
            pruned=pruned,
        )
        self._tail = b""
        if seal is None:
            self.stopped = True
            return task
        self._seq, self._head, self._key = seal.last + 1, seal.head, seal.next
        self._epoch = seal.epoch + 1
        self._final = seal.final
        return task

    # ---- how it begins ----

    def _begin(self, block: Block) -> None:
        """Takes from the first line what the rest must agree with."""
        self._begun = bool(block.records or block.seal)
        self._boot = block.boot
        self.report.boot = block.boot.decode()
        line = _first_line(block.records)
        if line is not None:
            seq = int(line[1])
            self._boot = self._boot or line[2]
            self.report.boot = self._boot.decode()
            if seq == 1:
                self._open(line)
            elif seq == 0 or seq >> 63:
                self._bad(1, 1, "a number that no record has")
            else:
                self._join(seq)
        elif not block.records and block.seal and (seal := read_seal(block.seal)):
            self._join(seal.first)

    def _name(self, block: Block) -> None:
        """Takes the boot's id from its first record, where an empty epoch stands before it."""
        if not self._boot and (line := _first_line(block.records)) is not None:
            self._boot = line[2]

    def _open(self, line: re.Match[bytes]) -> None:
        """The BOOT record holds the key of epoch 0."""
        self.report.first_seq = 1
        if self.seed is not None:
            self.macs = MacKeys(self.seed, bytes.fromhex(self._boot.decode()))
            self.report.macs = True
        opening = Opening.parse(object_bytes(line[13]))
        if line[8] != b"boot" or opening is None:
            self._bad(1, 1, "the first record is not that of a boot, with its keys")
            return
        self._key = opening.seal_key
        self.report.counter, self.report.anchor = opening.counter, opening.anchor.hex()
        if not opening.holds(bytes.fromhex(self._boot.decode())):
            self._bad(1, 1, "the TPM's root did not sign the keys of this boot")
        elif self._keys and not {opening.seal_key, opening.anchor} & set(self._keys):
            self._bad(1, 1, "the boot's key is not the one that was given")
        else:
            self.report.anchored = bool(self._keys)

    def _join(self, seq: int) -> None:
        """The log starts later: nothing says what came before."""
        self.report.first_seq = self._seq = seq
        self._head = self._epoch = None
        self.report.worsen(
            Verdict.INCOMPLETE, f"the log starts with record {seq}; what came before is not in it"
        )

    # ---- what is found ----

    def _bad(self, first: int, last: int, problem: str) -> None:
        report = self.report
        report.worsen(Verdict.TAMPERED, problem)
        report.bad_seq, report.bad_last, report.epoch = first, last, self._epoch
        self.stopped = True

    def done(self, task: Task, outcome: Outcome) -> bool:
        """Takes what was found of an epoch; False: no need to go on."""
        report = self.report
        report.boot = task.boot.decode()
        if outcome.problem:
            assert outcome.bad_seq is not None
            assert outcome.bad_last is not None
            self._epoch = outcome.epoch
            self._bad(outcome.bad_seq, outcome.bad_last, outcome.problem)
            return False
        seal = read_seal(task.seal)
        assert seal is not None
        report.epochs += 1
        if task.pruned and seal.count:
            report.pruned += seal.count
            # Their MACs would have brought the keys to where they are now.
            self.macs, report.macs = None, False
        else:
            report.records += seal.count
        report.last_seq, report.head = seal.last, seal.head.hex()
        report.final = seal.final
        report.anchored = report.anchored or bool(task.keys)
        report.lost += outcome.lost
        self.links += outcome.links
        return True

    def close(self, live: bool) -> BootReport:
        """The verdict, after all epochs are done; `live`: it may lack its end."""
        report = self.report
        if report.verdict == Verdict.TAMPERED or not self._close_tail():
            return report
        if not live:
            if report.unsealed:
                report.worsen(
                    Verdict.TRUNCATED, f"{report.unsealed} records at its end are under no seal"
                )
            elif not report.final:
                report.worsen(Verdict.TRUNCATED, "it ends without the last seal of the boot")
        if report.pruned:
            report.worsen(
                Verdict.INCOMPLETE, f"{report.pruned} records were pruned; their seals are there"
            )
        if report.lost:
            report.worsen(Verdict.INCOMPLETE, f"the kernel could not keep {report.lost} records")
        if not report.anchored:
            report.unanchored()
        return report

    def _close_tail(self) -> bool:
        """Looks at the records after the last seal; False: they were tampered with."""
        self.report.boot = self._boot.decode()
        walk = walk_records(self._tail, self._boot, self._seq, ZERO_HEAD, self.macs)
        problem = self._problem if walk.cut_off else walk.problem or self._problem
        if problem:
            self._bad(walk.seq, walk.seq, problem)
            return False
        if walk.cut_off:
            self.report.worsen(Verdict.TRUNCATED, f"it is cut off in record {walk.seq}")
        self.report.unsealed = walk.seq - self._seq
        self.report.lost += walk.lost
        self.links += walk.links
        return True
