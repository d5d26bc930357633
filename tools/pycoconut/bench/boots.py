# SPDX-License-Identifier: Apache-2.0
"""The boots that are measured: one job each, whose output is rows of numbers."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO

__all__ = ["Access", "Bench", "Spawn"]

ROUNDS = 9
LOOPS = 400
"""Opens in one round of one worker. The clock counts instructions, so few are enough."""

SPAWNS = 40

_LEAVE_ROOTFS = (
    "b=/bin/busybox",
    "$b mkdir /top",
    "$b mount -t tmpfs root /top",
    "for at in bin lib lib64 usr spawn spawn.cose nothing; do",
    "  if [ -e /$at ]; then $b cp -a /$at /top/; fi",
    "done",
    "for at in agent proc dev tmp; do $b mkdir /top/$at; $b mount -o bind /$at /top/$at; done",
    "cd /top",
    "$b mount -o move . /",
)
"""bwrap pivots the root, which the first root file system does not allow."""

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
class _Dynamic:
    """A program of this machine, with what it is linked against."""

    path: Path

    def closure(self) -> list[Path]:
        found = subprocess.run(["ldd", self.path], check=True, capture_output=True, text=True)
        return [self.path, *(Path(lib) for lib in re.findall(r"(/\S+) \(", found.stdout))]


_BWRAP = _Dynamic(Path("/usr/bin/bwrap"))


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

    def _boot(
        self, script: list[str], label: str, files: Sequence[Path], kernel: str = ""
    ) -> list[list[float]]:
        """Rows of numbers from a guest that holds @files, each at the top under its own name."""
        guest = f"count-{kernel}" if kernel else "count"
        inside = {f"/{path.name}": path for path in files}
        inside.update({str(path): path for path in _BWRAP.closure()})
        job = Job(["/bin/busybox", "sh", "-ec", "\n".join(script)], files=inside, timeout=900)
        outcome = self.runner.run(guest, job, label)
        outcome.check()
        return [[float(word) for word in line.split()] for line in outcome.output.splitlines()]

    def access(self, rules: int) -> Access:
        """open() of one file under @rules rules of each kind."""
        caps = [f"fs:/tmp/bench/{i}:read_file" for i in range(rules)]
        files = [
            self._program("access"),
            self._manifest(f"denials-{rules}", "denials", caps),
            self._manifest(f"decisions-{rules}", "decisions", caps),
        ]
        words = f"/denials-{rules}.cose /decisions-{rules}.cose"
        script = [self._trust(), f"/access {ROUNDS} {LOOPS} {rules} {words}"]
        rows = self._boot(script, f"bench-access-{rules}", files)
        return Access(*(list(column) for column in zip(*rows, strict=True)))

    def plain(self, kernel: str) -> tuple[list[float], list[float]]:
        """getppid and open() outside every agent, on another kernel."""
        files = [self._program("access")]
        rows = self._boot([f"/access {ROUNDS} {LOOPS}"], f"bench-plain{kernel}", files, kernel)
        return [row[0] for row in rows], [row[1] for row in rows]

    def spawn(self) -> Spawn:
        """A program in a new agent, in bwrap, and alone."""
        caps = ["fs:/:read_file,read_dir", "exec:/:run"]
        files = [self._program("spawn"), self._program("nothing")]
        files.append(self._manifest("spawn", "denials", caps))
        script = [
            self._trust(),
            *_LEAVE_ROOTFS,
            f"exec $b chroot . /spawn {ROUNDS} {SPAWNS} /spawn.cose",
        ]
        rows = self._boot(script, "bench-spawn", files)
        agent, bwrap, plain = (list(column) for column in zip(*rows[:-1], strict=True))
        return Spawn(agent, bwrap, plain, int(rows[-1][0]))

    def log(self) -> Path:
        """A chain of many records, as a guest wrote it."""
        caps = ["fs:/tmp/bench/0:read_file"]
        files = [
            self._program("access"),
            self._manifest("denials-1", "denials", caps),
            self._manifest("decisions-1", "decisions", caps),
        ]
        script = [
            self._trust(),
            f"/access 1 {RECORDS} 1 /denials-1.cose /decisions-1.cose >/dev/null",
            "/bin/busybox sleep 2",
            "/bin/busybox cat /agent/audit/chain.log >/run/out/chain.log",
        ]
        self._boot(script, "bench-log", files)
        return self.runner.where.build / "guest/bench-log/out/chain.log"
