# SPDX-License-Identifier: Apache-2.0
"""A command for a guest, and what came of it."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pycoconut.kbuild.console import die, lines_of

__all__ = ["TAINT_BAD", "Job", "Outcome", "collect", "prepare"]

TAINT_BAD = {5: "bad page or KASAN", 7: "oops", 9: "warning", 14: "soft lockup"}
"""Bits of /proc/sys/kernel/tainted that a test run may not leave behind
(Documentation/admin-guide/tainted-kernels.rst)."""

_TAIL = 60


@dataclass(frozen=True)
class Job:
    """@argv is run in @cwd as root; @timeout counts seconds from power on to power off."""

    argv: Sequence[str]
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 120.0
    boot: Sequence[str] = ()
    """Words for the kernel's command line."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Host files by the path they have in a guest whose root is memory."""
    disks: Sequence[Path] = ()
    """Host files that are the guest's disks: /dev/ubda, or, in QEMU, /dev/vda."""
    resets: bool = False
    """The machine may reset itself, and then boots again with what its memory holds."""
    interactive: bool = False
    cut: float | None = None
    """Seconds until the power is cut, from when the job makes the file /run/out/cut."""
    tpm: Path | None = None
    """Folder of the TPM's state, for guests that have one: the same again is the same TPM.
    When the job makes the file /run/out/tpm-dies, the TPM dies."""


@dataclass(frozen=True)
class Outcome:
    """How a guest ended. @status is None when it ended without a word."""

    status: int | None
    seconds: float
    console: Path
    out: Path

    @property
    def output(self) -> str:
        """What the command wrote."""
        path = self.out / "output"
        return path.read_text(errors="backslashreplace") if path.exists() else ""

    def complaints(self) -> list[str]:
        """What the kernel held against itself: taint, lockdep, leaked memory."""
        found = []
        taint = self.out / "tainted"
        if taint.exists():
            bits = int(taint.read_text())
            found += [
                f"the kernel is tainted: {why}" for bit, why in TAINT_BAD.items() if bits >> bit & 1
            ]
        locks = self.out / "lockdep"
        if locks.exists() and locks.read_text().split()[-1] == "0":
            found.append("lockdep found a broken rule")
        leaks = self.out / "kmemleak"
        if leaks.exists() and leaks.read_text().strip():
            found.append("memory leaked:\n" + leaks.read_text())
        return found

    def check(self) -> None:
        """Failure unless the command ended with 0 and the kernel is well."""
        if self.status is None:
            tail = "\n    ".join(lines_of(self.console, _TAIL))
            die(f"the guest ended without a status:\n    {tail}", f"its console: {self.console}")
        if self.status:
            tail = "\n    ".join(self.output.splitlines()[-_TAIL:])
            die(f"status {self.status} in the guest:\n    {tail}", f"all of it: {self.out}/output")
        complaints = self.complaints()
        if complaints:
            die("; ".join(complaints), f"its console: {self.console}")


def prepare(job: Job, out: Path) -> None:
    """Write the job where the guest finds it, into an empty shared folder."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in job.env.items()]
    if job.cwd:
        lines.append(f"cd {shlex.quote(str(job.cwd))} || exit 125")
    lines.append(shlex.join(job.argv))
    (out / "job").write_text("\n".join(lines) + "\n")
    if job.interactive:
        (out / "interactive").touch()


def collect(out: Path, console: Path, seconds: float) -> Outcome:
    """Read what the guest left in the shared folder."""
    status = out / "status"
    found = int(status.read_text()) if status.exists() else None
    return Outcome(found, seconds, console, out)
