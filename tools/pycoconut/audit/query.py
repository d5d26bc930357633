# SPDX-License-Identifier: Apache-2.0
"""Searching records: in a log, or in the running kernel."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import cbor, syscalls
from ..abi import Class, Decision, Event
from .log import blocks, files
from .record import Record

__all__ = ["Filter", "from_kernel", "from_log", "records"]

NO_END = (1 << 64) - 1


@dataclass(frozen=True)
class Filter:
    """Which records; what is empty or 0 does not restrict.

    `since` and `until` are nanoseconds of the wall clock, as the records have it: who could
    set the clock could move records over these limits, and seq orders them all the same.
    """

    aid: int | None = None
    first: int = 1
    last: int = NO_END
    events: frozenset[Event] = frozenset()
    decisions: frozenset[Decision] = frozenset()
    kinds: frozenset[Class] = frozenset()
    text: bytes = b""
    since: int | None = None
    until: int | None = None

    def matches(self, record: Record) -> bool:
        return (
            self.first <= record.seq <= self.last
            and (self.aid is None or record.aid == self.aid)
            and (not self.events or record.event in self.events)
            and (not self.decisions or record.decision in self.decisions)
            and (not self.kinds or record.kind in self.kinds)
            and self.text in record.object
            and (self.since is None or self.since <= record.real)
            and (self.until is None or record.real < self.until)
        )


def from_log(paths: Sequence[Path], wanted: Filter) -> Iterator[Record]:
    """Records of a log that match, in its order. What it holds is not verified.

    Raises:
        RecordError: A line is no record; what came before was yielded.
        LogError, OSError: A file cannot be read.
    """
    for block in blocks(files(paths)):
        for line in block.records.splitlines(keepends=True):
            record = Record.parse(line)
            if wanted.matches(record):
                yield record


def from_kernel(wanted: Filter) -> Iterator[Record]:
    """Records that the kernel still holds and the caller may see.

    Raises:
        OSError: See pycoconut.syscalls.
    """
    at = wanted.first
    while at <= wanted.last:
        segment = syscalls.audit_query(
            at,
            wanted.last,
            aid=wanted.aid or 0,
            events=wanted.events,
            decisions=wanted.decisions,
        )
        for value, _ in cbor.decode_sequence(segment.records):
            record = Record.from_value(value)
            # AID 0 cannot be asked for: to the kernel it means every agent.
            if wanted.matches(record):
                yield record
        if segment.count == 0 or segment.next_seq <= at:
            return
        at = segment.next_seq


def records(paths: Sequence[Path], wanted: Filter, *, follow: bool = False) -> Iterator[Record]:
    """From the logs, or with none from the kernel; with `follow` for ever.

    Raises:
        As from_log() and from_kernel().
    """
    if paths:
        yield from from_log(paths, wanted)
        return
    at = wanted.first
    while True:
        rest = Filter(**{**vars(wanted), "first": at})
        for record in from_kernel(rest):
            at = record.seq + 1
            yield record
        if not follow:
            return
        time.sleep(0.2)
