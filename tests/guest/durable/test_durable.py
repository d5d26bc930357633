# SPDX-License-Identifier: Apache-2.0
"""What somebody may want to undo is on the disk without waiting for the end of an epoch."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pycoconut.guest.disk import ext4
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO

HERE = Path(__file__).parent
DISK = 64 << 20
DAY = 24 * 3600 * 1000
"""Milliseconds of an epoch, so that none ends by itself."""
URGENT = ("denial", "spawn", "quarantine", "revoke")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return ext4(tmp_path / "disk", DISK)


@pytest.mark.timeout(120)
def test_it_does_not_wait_for_its_epoch(runner: Runner, disk: Path) -> None:
    env = {"PYTHONPATH": f"{REPO}/tools:{REPO}", "PYTHONDONTWRITEBYTECODE": "1"}
    boot = [f"coconut.audit_epoch_ms={DAY}"]
    argv = [sys.executable, str(HERE / "inside.py"), "/dev/ubda"]
    job = Job(argv, REPO, env, timeout=100, boot=boot, disks=[disk])
    outcome = runner.run("uml", job, "durable")
    outcome.check()
    assert outcome.output.splitlines() == [f"{name} waits durable" for name in URGENT]
