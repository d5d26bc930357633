# SPDX-License-Identifier: Apache-2.0
"""The verifier in C, built from the kernel's own code, and the two held against each other."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pycoconut.audit import Report

__all__ = ["NativeVerifier", "build", "comparable"]

REPO = Path(__file__).resolve().parents[3]


def build() -> Path:
    """Builds it; returns the folder that coconut-audit-verify and verify-many are in."""
    out = REPO / "build" / "audit-verify"
    argv = ["make", "-s", "-j2", "-C", str(REPO / "tools/audit-verify"), f"OUT={out}"]
    subprocess.run(argv, check=True, timeout=300)
    return out


def comparable(report: dict[str, Any]) -> dict[str, Any]:
    """A report without the words, which each verifier chooses for itself."""
    boots = [
        {key: value for key, value in boot.items() if key != "reasons"} for boot in report["boots"]
    ]
    return {**report, "boots": boots}


class NativeVerifier:
    """verify-many under way: a question and an answer for each log."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [str(folder / "verify-many")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __call__(
        self,
        paths: Sequence[Path],
        keys: Sequence[bytes],
        seed: bytes | None,
        live: bool,
        checkpoint: tuple[Path, str] | None = None,
    ) -> dict[str, Any]:
        """The report on a log, as JSON has it; or, where the checkpoint is none, "refused".

        `checkpoint`: the file of the note, and who signed it.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        words = [b"".join(keys).hex(), seed.hex() if seed else "", "live" if live else ""]
        note = map(str, checkpoint or ("", ""))
        question = "\t".join([*words, *note, *map(str, paths)])
        self.process.stdin.write(question.encode() + b"\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def agrees(self, report: Report, answer: dict[str, Any]) -> bool:
        """Do both say the same, but for the words?"""
        return comparable(report.to_json()) == comparable(answer)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()
