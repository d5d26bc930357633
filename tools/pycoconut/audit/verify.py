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
from multiprocessing.pool import AsyncResult
from pathlib import Path

from .boot import Boot
from .epoch import Outcome, Task, check_epoch
from .log import Block, Progress, blocks, files
from .report import EXIT_CODES, BootReport, Report, Verdict

__all__ = ["EXIT_CODES", "BootReport", "Report", "Verdict", "verify"]

#: Records go to another process in portions of about so many bytes.
PORTION = 1 << 20
#: What stands for the head of a boot of which no seal is left.
NO_HEAD = "0" * 64
#: A boot counts one up when it begins, and one more where it ends well.
COUNTS_MAX = 2
LINK = re.compile(rb"([0-9a-f]{32}):([0-9]+):([0-9a-f]{64})")


def _check_portion(tasks: Sequence[Task]) -> list[Outcome]:
    """What another process does; stops at the first problem."""
    found = []
    for task in tasks:
        found.append(check_epoch(task))
        if found[-1].problem:
            break
    return found


def _portions(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    portion: list[Task] = []
    size = 0
    for task in tasks:
        portion.append(task)
        size += len(task.records) + 1024
        if size >= PORTION:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


class _Verifier:
    """Reads the log once, boot by boot."""

    def __init__(
        self, source: Iterator[Block], keys: Sequence[bytes], seed: bytes | None, live: bool
    ) -> None:
        self.source = source
        self.make: Callable[[], Boot] = lambda: Boot(keys, seed)
        self.live = live
        self.pending: Block | None = next(source, None)
        self.boots: list[Boot] = []

    def run(self, jobs: int) -> Report:
        while self.pending is not None:
            boot = self.make()
            self.boots.append(boot)
            if jobs > 1 and boot.seed is None:
                self._side_by_side(boot, jobs)
            else:
                self._one_by_one(boot)
            boot.close(self.live and self.pending is None)
            if boot.report.verdict == Verdict.TAMPERED:
                break
        self._compare_boots()
        return Report([boot.report for boot in self.boots])

    def _tasks(self, boot: Boot) -> Iterator[Task]:
        """The epochs of one boot; the next boot's first block stays pending."""
        first = True
        while (block := self.pending) is not None and (first or boot.has(block)):
            first = False
            self.pending = next(self.source, None)
            task = boot.task(block)
            if task is not None:
                yield task
            if boot.stopped:
                return

    def _one_by_one(self, boot: Boot) -> None:
        for task in self._tasks(boot):
            if not boot.done(task, check_epoch(task, boot.macs)):
                return

    def _side_by_side(self, boot: Boot, jobs: int) -> None:
        # Not imap(): it would read the whole log ahead of who checks it.
        under_way: deque[tuple[list[Task], AsyncResult[list[Outcome]]]] = deque()
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
        """A LINK record says which boot came before, and where it ended: is it so?"""
        for before, after in zip(self.boots, self.boots[1:], strict=False):
            for link in before.links:
                _compare_order(link, before.report, after.report)
            for link in after.links:
                _compare_link(link, before.report, after.report)
            _compare_counters(before.report, after.report)


def _compare_order(link: bytes, one: BootReport, two: BootReport) -> None:
    match = LINK.fullmatch(link)
    if match and not int(match[2]) >> 64 and match[1].decode() == two.boot:
        one.worsen(Verdict.TAMPERED, "the boot that it says came before it stands after it")


def _compare_counters(before: BootReport, after: BootReport) -> None:
    """Do boots of one TPM follow each other as it counted them?"""
    if not after.anchor or before.anchor != after.anchor:
        return
    assert before.counter is not None
    assert after.counter is not None
    counts = after.counter - before.counter
    if counts <= 0:
        after.worsen(Verdict.TAMPERED, "the TPM had counted further when the boot before it began")
    elif counts > COUNTS_MAX:
        after.worsen(
            Verdict.INCOMPLETE,
            f"the TPM counted {counts} since the boot before it began: boots are missing between",
        )


def _compare_link(link: bytes, before: BootReport, after: BootReport) -> None:
    match = LINK.fullmatch(link)
    if match is None or int(match[2]) >> 64:
        return
    last, head = int(match[2]), match[3].decode()
    if match[1].decode() != before.boot:
        after.worsen(Verdict.INCOMPLETE, "the boot that it says came before it is not there")
    elif last > before.last_seq:
        before.worsen(Verdict.TRUNCATED, f"the next boot says that it went on to record {last}")
    elif (last, head) != (before.last_seq, before.head or NO_HEAD):
        before.worsen(Verdict.TAMPERED, "the next boot names another head for it")


def verify(
    paths: Sequence[Path],
    *,
    keys: Sequence[bytes] = (),
    seed: bytes | None = None,
    live: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
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
        progress: Is told how much was read.

    Raises:
        LogError: A file cannot be read as a log.
        OSError: A file cannot be read.
    """
    found = files(paths)
    if jobs is None:
        size = sum(path.stat().st_size for path in found)
        jobs = len(os.sched_getaffinity(0)) if size > 8 * PORTION else 1
    source = blocks(found, progress) if progress else blocks(found)
    return _Verifier(source, keys, seed, live).run(jobs)
