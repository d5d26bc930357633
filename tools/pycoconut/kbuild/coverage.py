# SPDX-License-Identifier: Apache-2.0
"""Which lines of the kernel rooms the tests reach.

A kernel that counts (uml-gcov) runs the layers of User-Mode Linux; each guest leaves its
counters in its shared folder; gcovr reads them all together.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycoconut.kbuild.console import die
from pycoconut.kbuild.counts import Counts
from pycoconut.kbuild.testrun import TestRun

__all__ = ["KERNEL", "ROOMS", "Coverage", "table", "wanting"]

KERNEL = "uml-gcov"
ROOMS = ("security/coconut", "kernel/agent", "kernel/audit/coconut", "fs/agentfs")
LEAST = {"security/coconut": (92, 80), "kernel/agent": (92, 80)}
"""Per cent of lines and of branches that tests must reach: where it is decided who may do what."""
_PLURAL = {"line": "lines", "branch": "branches"}
LAYERS = ("kunit", "uml", "kselftest", "hostile")
TESTS = r".*(_test|_testlib|/fixture)\.c$"
"""Code that tests: whether it ran is another question."""


def _percent(covered: int, total: int) -> str:
    return f"{100 * covered / total:5.1f} %" if total else "      -"


def _row(name: str, part: dict[str, Any]) -> str:
    lines = f"{part['line_covered']:5} of {part['line_total']:5}"
    branches = f"{part['branch_covered']:5} of {part['branch_total']:5}"
    return (
        f"{name:38} {_percent(part['line_covered'], part['line_total'])} {lines}"
        f"   {_percent(part['branch_covered'], part['branch_total'])} {branches}"
    )


def _sum(name: str, files: list[dict[str, Any]]) -> str:
    keys = ("line_covered", "line_total", "branch_covered", "branch_total")
    return _row(name, {key: sum(file[key] for file in files) for key in keys})


def _of_room(files: list[dict[str, Any]], room: str) -> list[dict[str, Any]]:
    return [file for file in files if str(Path(file["filename"]).parent) == room]


def wanting(files: list[dict[str, Any]]) -> list[str]:
    """A line for each room of which too little was reached; for arguments see table()."""
    found = []
    for room, least in LEAST.items():
        for kind, percent in zip(_PLURAL, least, strict=True):
            total = sum(file[f"{kind}_total"] for file in _of_room(files, room))
            covered = sum(file[f"{kind}_covered"] for file in _of_room(files, room))
            if not total or 100 * covered < percent * total:
                found.append(f"{room}: {covered} of {total} {_PLURAL[kind]}, not {percent} %")
    return found


def table(files: list[dict[str, Any]]) -> str:
    """A line a file, a line a room and one of all: lines, then branches.

    Args:
        files: The `files` of gcovr's JSON summary.
    """
    out = [f"{'':38} {'lines':24}   branches"]
    for room in ROOMS:
        of_room = _of_room(files, room)
        out += [_row(file["filename"], file) for file in of_room]
        out += [_sum(f"{room}/", of_room), ""]
    return "\n".join([*out, _sum("all", files)])


@dataclass(frozen=True)
class Coverage:
    """One measurement; what it finds is left in build/coverage/."""

    run: TestRun

    @property
    def out(self) -> Path:
        """Where the table, the pages and the counters are put."""
        return self.run.where.build / "coverage"

    def measure(self) -> Counts:
        """Run the layers, collect, publish; return what came of the tests."""
        kernel = self.run.build(KERNEL)
        os.environ["COCONUT_FUZZ_GUEST"] = KERNEL
        if not self.run.console.dry_run:
            shutil.rmtree(self.out, ignore_errors=True)
            self.out.mkdir(parents=True)
        total = Counts()
        for layer in LAYERS:
            self._forget()
            total += self.run.run(quick=False, only=layer)
            self._keep(layer)
        self._publish(kernel.tree.path, kernel.output)
        return total

    def _guests(self) -> list[Path]:
        """What guests have left of counters; nothing on a dry run, which touches no file."""
        if self.run.console.dry_run:
            return []
        return sorted((self.run.where.build / "guest").glob("*/out/gcov"))

    def _forget(self) -> None:
        for folder in self._guests():
            shutil.rmtree(folder)

    def _keep(self, layer: str) -> None:
        """Copy the counters before the next layer's guests take their place."""
        for folder in self._guests():
            kept = self.out / "counters" / layer / folder.parts[-3]
            shutil.copytree(folder, kept)
            for counter in kept.rglob("*.gcda"):
                notes = Path("/", counter.relative_to(kept)).with_suffix(".gcno")
                counter.with_suffix(".gcno").symlink_to(notes)

    def _publish(self, tree: Path, objects: Path) -> None:
        summary = self.out / "summary.json"
        rooms = [w for room in ROOMS for w in ("--filter", f"{tree}/{room}/")]
        argv = [
            sys.executable, "-m", "gcovr", "--root", str(tree), "--object-directory", str(objects),
            *rooms, "--exclude", TESTS, "--exclude-unreachable-branches",
            "--json-summary", str(summary), "--html-nested", str(self.out / "index.html"),
            str(self.out / "counters"),
        ]  # fmt: skip
        self.run.console.step("coverage", argv, cwd=tree)
        if self.run.console.dry_run:
            return
        files = json.loads(summary.read_text())["files"]
        if not files:
            die("no guest has left counters", f"is {KERNEL} built with CONFIG_GCOV_KERNEL?")
        text = table(files)
        (self.out / "table.txt").write_text(text + "\n")
        self.run.console.say(text)
        self.run.console.say(f"  each line: {self.out}/index.html")
        if missing := wanting(files):
            die("too little is tested: " + "; ".join(missing), f"see {self.out}/index.html")
