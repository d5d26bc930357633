# SPDX-License-Identifier: Apache-2.0
"""What is found of a log: the verdict on each boot, and on the whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

__all__ = ["EXIT_CODES", "BootReport", "Report", "Verdict"]


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


NO_KEY = "no key was given to compare that of the boot record with"
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
        pruned: Records that are not there any more, under seals that are.
        first_seq, last_seq: Of the records under a seal.
        head: Head of the chain after last_seq.
        unsealed: Records after the last seal.
        lost: Records that the kernel says it could not keep.
        bad_seq, bad_last: The first bad record; a range where it cannot be told closer.
        epoch: In which epoch it is.
        counter: Of the TPM, when the boot began; None: it has none that counts.
        anchor: Public key of the TPM's root, which signed that; empty: it did not.
        anchored: Was the key of the first epoch, or that of the root, known beforehand?
        macs: Were the MACs checked?
        final: Is there a last seal?
        recovered: Did its end outlive a reset in memory? Not said of what was tampered with.
    """

    verdict: Verdict = Verdict.INTACT
    reasons: list[str] = field(default_factory=list)
    boot: str = ""
    records: int = 0
    epochs: int = 0
    pruned: int = 0
    first_seq: int = 0
    last_seq: int = 0
    head: str = ""
    unsealed: int = 0
    lost: int = 0
    bad_seq: int | None = None
    bad_last: int | None = None
    epoch: int | None = None
    counter: int | None = None
    anchor: str = ""
    anchored: bool = False
    macs: bool = False
    final: bool = False
    recovered: bool = False

    def worsen(self, verdict: Verdict, reason: str) -> None:
        self.verdict = max(self.verdict, verdict)
        self.recovered &= self.verdict != Verdict.TAMPERED
        self.reasons.append(reason)

    def note(self, what: str) -> None:
        """Say something that is no reason for a worse verdict."""
        self.reasons.append(what)

    def unanchored(self) -> None:
        """Nobody who is known beforehand vouches for the boot's key."""
        self.worsen(Verdict.UNANCHORED, NO_KEY)

    def vouch(self) -> None:
        """Somebody who is known beforehand does, after all."""
        self.anchored = True
        self.reasons = [reason for reason in self.reasons if reason != NO_KEY]
        if self.verdict is Verdict.UNANCHORED:
            self.verdict = Verdict.INTACT


@dataclass
class Report:
    """What was found of a log: one or more boots, in order."""

    boots: list[BootReport]
    quoted: dict[str, Any] | None = None
    """Where a quote was compared: the boot, and the last record under the head that the TPM has."""

    @property
    def verdict(self) -> Verdict:
        """That of the worst boot."""
        return max((boot.verdict for boot in self.boots), default=Verdict.TRUNCATED)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]

    def to_json(self) -> dict[str, Any]:
        boots = [{**vars(boot), "verdict": boot.verdict.text} for boot in self.boots]
        quoted = {"quoted": self.quoted} if self.quoted else {}
        return {"verdict": self.verdict.text, "exit_code": self.exit_code, "boots": boots, **quoted}
