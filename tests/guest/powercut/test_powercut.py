# SPDX-License-Identifier: Apache-2.0
"""The power goes at any moment: what was durable is there, and what is missing is told."""

from __future__ import annotations

import os
import random
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from pycoconut import audit
from pycoconut.abi import Event
from pycoconut.audit import Record, Verdict
from pycoconut.daemon.shards import contents, names
from pycoconut.guest.disk import ext4
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO

HERE = Path(__file__).parent
CUTS = int(os.environ.get("COCONUT_CUTS", "20"))
"""How often the power goes; the release figure is 200."""
LATEST = 3.5
"""Seconds after which it goes at the latest: from when the writer is started, or has written."""
LATE = 0.5
"""How often it goes only once something is durable."""
DISK = 256 << 20
LONG = 1000
"""Records after the link, by which the gap has been told too."""


@dataclass(frozen=True)
class Cut:
    """A boot that was cut off, and the last record that it said was durable."""

    boot: str
    acked: int
    late: bool


def job(disk: Path, *words: str, cut: float | None = None) -> Job:
    env = {"PYTHONPATH": str(REPO / "tools"), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, str(HERE / "keep.py"), *words]
    return Job(argv, REPO, env, timeout=120, disks=[disk], cut=cut)


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def records(folder: Path, *events: Event) -> list[Record]:
    lines = b"".join(contents(path) for path in names(folder)).splitlines(True)
    whole = [line for line in lines if line.startswith(b'{"seq"') and line.endswith(b"}\n")]
    found = [Record.parse(line) for line in whole]
    return [record for record in found if record.event in events]


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return ext4(tmp_path / "disk", DISK)


@pytest.mark.timeout(120 + 60 * CUTS)
def test_what_was_durable_survives(runner: Runner, disk: Path) -> None:
    dice = random.Random(7)
    cuts = []
    for _ in range(CUTS):
        late = dice.random() < LATE
        words = ["late"] if late else []
        outcome = runner.run("uml", job(disk, *words, cut=dice.uniform(0.0, LATEST)), "powercut")
        assert outcome.status is None, outcome.output
        acked = int(read(outcome.out / "acked") or "0")
        assert acked or not late, f"it never wrote, after {len(cuts)} cuts: {outcome.output}"
        cuts.append(Cut(read(outcome.out / "boot"), acked, late))
    end = runner.run("uml", job(disk, "read"), "powercut-read")
    end.check()
    log = end.out / "log"
    assert any(cut.late for cut in cuts)
    check_each(log, cuts)
    check_links(log)


def check_each(log: Path, cuts: list[Cut]) -> None:
    """All boots that left something, read as one log: nothing changed, and none intact."""
    there = [boot for boot in (log / "boots").read_text().split() if names(log / boot)]
    keys = [record.object[:32] for boot in there for record in records(log / boot, Event.BOOT)]
    report = audit.verify([log / boot for boot in there], keys=keys)
    acked = {cut.boot: cut.acked for cut in cuts if cut.acked}
    assert acked.keys() <= set(there)
    found = {boot.boot: boot for boot in report.boots if boot.boot}
    for boot, last in acked.items():
        assert found[boot].verdict is Verdict.TRUNCATED, found[boot].reasons
        assert found[boot].last_seq >= last
    assert all(boot.verdict is Verdict.TRUNCATED for boot in report.boots), report.to_json()


def check_links(log: Path) -> None:
    """Each boot that got so far names the one before and says that it has no end."""
    there = [boot for boot in (log / "boots").read_text().split() if names(log / boot)]
    named = 0
    for before, boot in pairwise(there):
        said = records(log / boot, Event.LINK, Event.GAP)
        later = records(log / boot, Event.PRESENT)[-1:]
        if said:
            assert said[0].object.decode().split(":")[0] == before
            named += 1
        if said and later and later[0].seq > said[0].seq + LONG:
            last = int(said[0].object.decode().split(":")[1])
            assert said[1].event is Event.GAP
            assert int(said[1].object) >= last
    assert named >= len(there) // 2
