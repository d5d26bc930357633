# SPDX-License-Identifier: Apache-2.0
"""The boots that are measured: one job each, whose output is rows of numbers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO

__all__ = ["Access", "Bench", "Spawn"]

ROUNDS = 9
LOOPS = 400
"""Opens in one round of one worker. The clock counts instructions, so few are enough."""

SPAWNS = 5
RECORDS = 60_000
"""In the log that is verified; it must fit the kernel's memory for logs."""


@dataclass(frozen=True)
class Access:
    """Nanoseconds a round: getppid, then open() and close() in four confinements."""

    getppid: list[float]
    plain: list[float]
    landlock: list[float]
    denials: list[float]
    decisions: list[float]


@dataclass(frozen=True)
class Spawn:
    """Microseconds a round of running /bin/true three ways, and the bytes of a live agent."""

    agent: list[float]
    bwrap: list[float]
    plain: list[float]
    agent_bytes: int


@dataclass(frozen=True)
class Bench:
    """Makes what the guests need below @folder, and boots them."""

    runner: Runner
    folder: Path

    def _coconut(self, *words: str) -> None:
        argv = [sys.executable, "-m", "pycoconut.cli", *words]
        self.runner.console.run(argv, env={"PYTHONPATH": str(REPO / "tools")})

    def _program(self, name: str) -> Path:
        out = self.folder / name
        include = ["-idirafter", str(REPO / "include/uapi")]
        source = str(REPO / "tests/bench" / f"{name}.c")
        argv = ["gcc", "-O2", "-static", *include, source, "-o", str(out)]
        self.runner.console.run(argv)
        return out

    def _manifest(self, name: str, level: str, caps: list[str]) -> Path:
        text = self.folder / f"{name}.yaml"
        rows = "".join(f'  - "{cap}"\n' for cap in caps)
        text.write_text(f"name: {name}\naudit: {level}\ncapabilities:\n{rows}")
        out = self.folder / f"{name}.cose"
        self._coconut(
            "manifest", "sign", str(text), "--key", str(self._key()), "--output", str(out)
        )
        return out

    def _key(self) -> Path:
        path = self.folder / "bench.key"
        if not path.exists():
            self._coconut("keys", "new", str(path))
        return path

    def _trust(self) -> str:
        public = self._key().with_suffix(".key.pub").read_text().split()[0]
        return f"echo 'add {public} bench' >/agent/policy/authorizers"

    def _boot(self, script: list[str], label: str, kernel: str = "") -> list[list[float]]:
        guest = f"count-{kernel}" if kernel else "count"
        job = Job(["/bin/sh", "-ec", "\n".join(script)], timeout=900)
        outcome = self.runner.run(guest, job, label)
        outcome.check()
        return [[float(word) for word in line.split()] for line in outcome.output.splitlines()]

    def access(self, rules: int) -> Access:
        """open() of one file under @rules rules of each kind."""
        caps = [f"fs:/tmp/bench/{i}:read_file" for i in range(rules)]
        program = self._program("access")
        quiet = self._manifest(f"denials-{rules}", "denials", caps)
        full = self._manifest(f"decisions-{rules}", "decisions", caps)
        rows = self._boot(
            [
                self._trust(),
                f"{program} {ROUNDS} {LOOPS} {rules} {quiet} {full}",
            ],
            f"bench-access-{rules}",
        )
        columns = [list(column) for column in zip(*rows, strict=True)]
        return Access(*columns)

    def plain(self, kernel: str) -> tuple[list[float], list[float]]:
        """getppid and open() outside every agent, on another kernel."""
        program = self._program("access")
        rows = self._boot([f"{program} {ROUNDS} {LOOPS}"], f"bench-plain{kernel}", kernel)
        return [row[0] for row in rows], [row[1] for row in rows]

    def spawn(self) -> Spawn:
        """A program in a new agent, in bwrap, and alone."""
        caps = ["fs:/:read_file,read_dir", "exec:/:run"]
        program = self._program("spawn")
        manifest = self._manifest("spawn", "denials", caps)
        rows = self._boot([self._trust(), f"{program} {ROUNDS} {SPAWNS} {manifest}"], "bench-spawn")
        rounds = [list(column) for column in zip(*rows[:-1], strict=True)]
        return Spawn(rounds[0], rounds[1], rounds[2], int(rows[-1][0]))

    def log(self) -> Path:
        """A chain of many records, as a guest wrote it."""
        program = self._program("access")
        caps = ["fs:/tmp/bench/0:read_file"]
        quiet = self._manifest("denials-1", "denials", caps)
        full = self._manifest("decisions-1", "decisions", caps)
        script = [
            self._trust(),
            f"{program} 1 {RECORDS} 1 {quiet} {full}",
            "sleep 2",
            "cat /agent/audit/chain.log >/run/out/chain.log",
        ]
        self._boot(script, "bench-log")
        return self.runner.where.build / "guest/bench-log/out/chain.log"
