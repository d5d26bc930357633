# SPDX-License-Identifier: Apache-2.0
"""One boot of a log: the epochs that are in it, and what is found of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .epoch import ZERO_HEAD, Outcome, Task, walk_records
from .log import Block
from .mac import MacKeys
from .record import LINE, RecordError, object_bytes
from .report import BootReport, Verdict
from .seal import Seal, SealError

__all__ = ["Boot"]


class Boot:
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
            self._begin_bare(block)
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

    def _begin_bare(self, block: Block) -> None:
        """The log starts with a seal and no record: only the shard says which boot it is."""
        if block.boot and block.seal and not block.records:
            try:
                first = Seal.parse(block.seal).first
            except SealError:
                return
            self.boot, self.report.boot = block.boot, block.boot.decode()
            self.report.first_seq = self.next_seq = first
            self._join(block, first)

    def _open(self, line: re.Match[bytes]) -> None:
        """The BOOT record holds the key of epoch 0."""
        try:
            what = object_bytes(line[13])
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

    def task(self, block: Block) -> Task | None:
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
        task = Task(
            block.records, seal, self.boot, self.next_seq, self.head, self.key,
            block.pruned and seal.count > 0,
        )  # fmt: skip
        self.next_seq, self.head, self.key = seal.last + 1, seal.head, seal.next
        self.epoch += 1
        self.report.final = seal.final
        return task

    def done(self, task: Task, outcome: Outcome) -> bool:
        """Takes what was found of an epoch; False: no need to go on."""
        report = self.report
        if outcome.problem:
            report.bad_seq, report.bad_last = outcome.bad_seq, outcome.bad_last
            report.epoch = task.seal.epoch
            report.worsen(Verdict.TAMPERED, outcome.problem)
            report.final = False
            return False
        report.epochs += 1
        if task.pruned:
            report.pruned += task.seal.count
            # Their MACs would have brought the keys to where they are now.
            self.macs, report.macs = None, False
        else:
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
        if report.pruned:
            report.worsen(
                Verdict.INCOMPLETE, f"{report.pruned} records were pruned; their seals are there"
            )
        if report.lost:
            report.worsen(Verdict.INCOMPLETE, f"the kernel could not keep {report.lost} records")
        if not report.anchored:
            report.worsen(
                Verdict.UNANCHORED, "no key was given to compare that of the boot record with"
            )
        return report

    def _close_tail(self, tail: bytes) -> bool:
        """Looks at the records after the last seal; False: they were tampered with."""
        walk = walk_records(tail, self.boot, self.next_seq, ZERO_HEAD, self.macs)
        self.report.unsealed = walk.seq - self.next_seq
        if walk.cut_off:
            self.report.worsen(Verdict.TRUNCATED, f"it is cut off in record {walk.seq}")
        elif walk.problem:
            self.report.worsen(Verdict.TAMPERED, walk.problem)
            self.report.bad_seq = self.report.bad_last = walk.seq
            return False
        return True
