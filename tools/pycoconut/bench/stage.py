# SPDX-License-Identifier: Apache-2.0
"""What a measured guest is given: programs, signed manifests, and one job."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pycoconut.guest.disk import ext4
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO

__all__ = ["Dynamic", "Rows", "Stage", "columns"]

Rows = list[list[float]]
"""Numbers as a program printed them: a line a round."""


def columns(rows: Rows) -> list[list[float]]:
    """The same, a list for each thing that was measured in each round."""
    return [list(column) for column in zip(*rows, strict=True)]


def _rows(text: str) -> Rows:
    return [[float(word) for word in line.split()] for line in text.splitlines()]


@dataclass(frozen=True)
class Dynamic:
    """A program of this machine, with what it is linked against."""

    path: Path

    def closure(self) -> list[Path]:
        """The files that it takes to run it."""
        found = subprocess.run(["ldd", self.path], check=True, capture_output=True, text=True)
        return [self.path, *(Path(lib) for lib in re.findall(r"(/\S+) \(", found.stdout))]


_BWRAP = Dynamic(Path("/usr/bin/bwrap"))


@dataclass(frozen=True)
class Stage:
    """Makes what the guests need below @folder, and boots them."""

    runner: Runner
    folder: Path
    headers: Path
    """Where <linux/...> of the kernel is: this machine's may be older."""

    def _coconut(self, *words: str) -> None:
        argv = [sys.executable, "-m", "pycoconut.cli", *words]
        self.runner.console.run(argv, env={"PYTHONPATH": str(REPO / "tools")})

    def program(self, name: str, room: str = "bench") -> Path:
        """tests/@room/@name.c as a static program."""
        out = self.folder / name
        source = str(REPO / "tests" / room / f"{name}.c")
        include = ["-isystem", str(self.headers)]
        argv = ["gcc", "-O2", "-Wall", "-Werror", "-static", *include, source, "-o", str(out)]
        self.runner.console.run(argv)
        return out

    def manifest(self, name: str, level: str, caps: Sequence[str], **more: str) -> Path:
        """A signed manifest with these capabilities; @level is that of its records."""
        text = self.folder / f"{name}.yaml"
        rows = "".join(f'  - "{cap}"\n' for cap in caps)
        keys = "".join(f"{key}: {value}\n" for key, value in more.items())
        text.write_text(f"name: {name}\naudit: {level}\n{keys}capabilities:\n{rows}")
        return self.signed(text)

    def signed(self, text: Path) -> Path:
        """A manifest that is there as YAML, signed."""
        out = self.folder / f"{text.stem}.cose"
        self._coconut(
            "manifest", "sign", str(text), "--key", str(self._key()), "--output", str(out)
        )
        return out

    def script(self, name: str, text: str) -> Path:
        """A script for busybox that ends with its first failure."""
        out = self.folder / f"{name}.sh"
        out.write_text(f"set -e\n{text}\n")
        return out

    def disk(self, size: int) -> Path:
        """A file with an empty ext4 in it."""
        return ext4(self.folder / "disk", size)

    def _key(self) -> Path:
        path = self.folder / "bench.key"
        if not path.exists():
            self._coconut("keys", "new", str(path))
        return path

    def _trust(self) -> str:
        public = self._key().with_suffix(".key.pub").read_text().split()[0]
        return f"echo 'add {public} bench' >/agent/policy/authorizers"

    def boot(
        self,
        script: Sequence[str],
        label: str,
        files: Sequence[Path],
        kernel: str = "",
        guest: str = "count",
        host: Sequence[Path] = (),
        disks: Sequence[Path] = (),
    ) -> Rows:
        """What @script printed in a guest that holds @files, each at the top under its own name.

        It has the files @host of this machine where they are here, and @disks. On our kernel
        the manifests are trusted. Raises Failure where the guest failed.
        """
        guest = f"{guest}-{kernel}" if kernel else guest
        inside = {f"/{path.name}": path for path in files}
        inside.update({str(path): path for path in [*_BWRAP.closure(), *host]})
        lines = [*([] if kernel else [self._trust()]), *script]
        argv = ["/bin/busybox", "sh", "-ec", "\n".join(lines)]
        job = Job(argv, files=inside, timeout=900, disks=disks)
        outcome = self.runner.run(guest, job, label)
        outcome.check()
        return _rows(outcome.output)

    def on_disk(self, disk: Path, argv: Sequence[str], label: str) -> Rows:
        """What @argv printed in a guest on this machine's root that keeps its chain on @disk.

        Raises Failure where the guest failed.
        """
        keep = [sys.executable, str(REPO / "tests/guest/durable/keep.py"), "/dev/vda"]
        lines = ["set -e", self._trust(), f"{shlex.join(keep)} >/dev/null", shlex.join(argv)]
        env = {"PYTHONPATH": f"{REPO}/tools:{REPO}", "PYTHONDONTWRITEBYTECODE": "1"}
        job = Job(["sh", "-c", "\n".join(lines)], REPO, env, timeout=1800, disks=[disk])
        outcome = self.runner.run("count-disk", job, label)
        outcome.check()
        return _rows(outcome.output)

    def left(self, label: str, name: str) -> Path:
        """A file that the guest of that label left in /run/out."""
        return self.runner.where.build / "guest" / label / "out" / name
