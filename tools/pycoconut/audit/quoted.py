# SPDX-License-Identifier: Apache-2.0
"""What a quote of the machine's TPM says of a log.

The kernel extends a PCR with the opening of a boot, then with heads of its chain, and a record
says of each which head it was and what the PCR was before. So what the PCR must be follows from
any of these records and the seal that it is about; it takes no record from before that one.
"""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..abi import Event
from ..tpm import Attested
from .checkpoint import boot_of
from .epoch import read_seal
from .log import Block, blocks, files
from .opening import Opening
from .record import Record, RecordError
from .report import BootReport, Report, Verdict

__all__ = ["Measured", "compare_quote", "measured"]

TOLD = re.compile(rb'"event":"(?:boot|extend)"')
OBJECT = re.compile(rb"([0-9]{1,20}):([0-9a-f]{64}):([0-9a-f]{64})")
#: The PCR after a reset.
ZERO = bytes(32)


def _extended(before: bytes, digest: bytes) -> bytes:
    return hashlib.sha256(before + digest).digest()


@dataclass(frozen=True)
class Extension:
    """One record of it: the last record under the head, the PCR before, the head."""

    seq: int
    before: bytes
    head: bytes


@dataclass
class Measured:
    """What a boot's log says that its TPM was told.

    Attributes:
        boot: Boot id, 32 hex digits; empty where no record was seen.
        opening: The object of its BOOT record, if that is there.
        extensions: In order.
        lost: The record that says that the TPM did not answer any more.
        heads: Of its seals, by their last record.
    """

    boot: str
    opening: Opening | None = None
    extensions: list[Extension] = field(default_factory=list)
    lost: int | None = None
    heads: dict[int, bytes] = field(default_factory=dict)

    def read(self, block: Block) -> None:
        """Takes what is in a block; whether it is true is for verify() to say."""
        for line in block.records.splitlines(keepends=True):
            if TOLD.search(line):
                self._take(line)
        seal = read_seal(block.seal) if block.seal is not None else None
        if seal is not None:
            self.heads[seal.last] = seal.head

    def _take(self, line: bytes) -> None:
        try:
            record = Record.parse(line)
        except RecordError:
            return
        match = OBJECT.fullmatch(record.object)
        if record.event == Event.BOOT and record.seq == 1:
            self.opening = Opening.parse(record.object)
        elif record.event != Event.EXTEND or match is None:
            return
        elif record.result not in (0, -errno.ESTALE):
            self.lost = record.seq
        else:
            before, head = (bytes.fromhex(match[n].decode()) for n in (2, 3))
            self.extensions.append(Extension(int(match[1]), before, head))

    def values(self) -> Iterator[tuple[int, bytes, bool]]:
        """What the PCR was, newest first: after which record, and does that head stand there?"""
        for one in reversed(self.extensions):
            there = self.heads.get(one.seq) == one.head
            yield one.seq, _extended(one.before, one.head), there
        if self.opening is not None:
            opened = hashlib.sha256(self.opening.data).digest()
            yield 0, _extended(ZERO, opened), True


def measured(paths: Sequence[Path]) -> list[Measured]:
    """Of each boot of a log, in order.

    Raises:
        LogError, OSError: A file cannot be read.
    """
    found: list[Measured] = []
    for block in blocks(files(paths)):
        boot = boot_of(block)
        if not found or (boot and found[-1].boot and boot != found[-1].boot):
            found.append(Measured(boot))
        found[-1].boot = found[-1].boot or boot
        found[-1].read(block)
    return found


def compare_quote(
    report: Report, boots: Sequence[Measured], attested: Attested, trusted: bool
) -> None:
    """Says in the report what the quote shows.

    Args:
        report: Of the same log, by verify().
        boots: What it says that the TPM was told.
        attested: What the TPM says.
        trusted: The TPM's key is known beforehand, so that it vouches for the boot's.
    """
    if not report.boots:
        return
    _compare_pcr(report, boots, attested.pcr_digest, trusted)
    if attested.counter is not None:
        _compare_counter(report.boots[-1], attested.counter)


def _compare_pcr(report: Report, boots: Sequence[Measured], digest: bytes, trusted: bool) -> None:
    for boot in reversed(boots):
        for seq, pcr, there in boot.values():
            if hashlib.sha256(pcr).digest() == digest:
                found = next(b for b in report.boots if b.boot == boot.boot)
                report.quoted = {"boot": boot.boot, "seq": seq}
                _vouch(found, boot, seq, there, trusted)
                return
    report.boots[-1].worsen(
        Verdict.TRUNCATED,
        "the PCR that was quoted is of a head that this log has not: the log ends before it, "
        "or is another",
    )


def _vouch(found: BootReport, boot: Measured, seq: int, there: bool, trusted: bool) -> None:
    """The TPM has the head after a record: what does that say of the boot?"""
    if not there:
        found.worsen(Verdict.TAMPERED, f"the TPM has another head after record {seq}")
    elif not trusted:
        found.note("the quote agrees, by a key that nobody named (--tpm-key)")
    elif boot.lost is not None:
        found.note(f"the TPM was lost: what follows record {boot.lost} it did not see")
    else:
        found.vouch()


def _compare_counter(newest: BootReport, counter: int) -> None:
    """The TPM counts each opening, and each closing: has it gone on without this log?"""
    if newest.counter is None:
        return
    if counter < newest.counter:
        newest.worsen(Verdict.TAMPERED, "the TPM has not counted as far as this boot says")
    elif counter > newest.counter + 1:
        newest.worsen(
            Verdict.TRUNCATED,
            f"the TPM has counted {counter - newest.counter} since this boot began: later "
            "boots are missing, the log was put back to an older state",
        )
