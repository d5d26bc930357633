# SPDX-License-Identifier: Apache-2.0
"""The power goes off in order, and the log that was kept says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pycoconut import audit
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO

HERE = Path(__file__).parent

CUTS = 20
"""Lines at the end of the log before each of which it is cut."""

KEEP = f"setsid {sys.executable} {HERE}/keep.py /run/out/chain.log </dev/null >/dev/null 2>&1 &"


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(True)


def kept(runner: Runner, label: str, script: str) -> Path:
    """The log that was kept of a guest that ran the script and was then powered off."""
    env = {"PYTHONPATH": str(REPO / "tools"), "PYTHONDONTWRITEBYTECODE": "1"}
    job = Job(["sh", "-c", f"{KEEP}\n{script}"], cwd=REPO, env=env, timeout=90)
    outcome = runner.run("uml", job, label)
    outcome.check()
    return outcome.out / "chain.log"


@pytest.mark.timeout(120)
def test_the_final_seal_is_kept(runner: Runner) -> None:
    """The kernel waits until who keeps the log has read its end."""
    log = kept(runner, "shutdown", "sleep 4")
    lines = lines_of(log)
    boot, last, seal = (
        audit.Record.parse(lines[0]),
        audit.Record.parse(next(line for line in reversed(lines) if line.startswith(b'{"seq"'))),
        audit.Seal.parse(lines[-1]),
    )
    assert (last.event.name, last.object) == ("SHUTDOWN", b"poweroff")
    assert seal.final
    assert seal.last == last.seq
    report = audit.verify([log], keys=[boot.object[:32]])
    assert report.verdict is audit.Verdict.INTACT, report.boots[0].reasons
    assert report.boots[0].final


@pytest.mark.timeout(120)
def test_an_end_that_is_cut_off_is_told(runner: Runner, tmp_path: Path) -> None:
    """Without its final seal a log is truncated, wherever it was cut."""
    lines = lines_of(kept(runner, "shutdown-cut", "sleep 4"))
    cut = tmp_path / "cut.jsonl"
    key = audit.Record.parse(lines[0]).object[:32]
    for end in (1, len(lines) // 2, *range(len(lines) - CUTS, len(lines))):
        cut.write_bytes(b"".join(lines[:end]))
        verdict = audit.verify([cut], keys=[key]).verdict
        assert verdict is audit.Verdict.TRUNCATED, f"cut after line {end} of {len(lines)}"
