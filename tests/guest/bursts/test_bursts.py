# SPDX-License-Identifier: Apache-2.0
"""Records as fast as four CPUs make them, their writer stopped and killed: all are there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pycoconut.audit import Record
from pycoconut.daemon.shards import contents, names
from pycoconut.guest.disk import ext4
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO
from tests.unit.pycoconut.native_verifier import build

HERE = Path(__file__).parent
SECONDS = int(os.environ.get("COCONUT_BURST_SECONDS", "20"))
"""For how long; the release figure is a hundred million records."""
STALL = 10 if SECONDS > 200 else 2
"""Seconds for which a disk takes nothing."""
LOG_MIB = 2
"""Of the kernel's memory for the log: little, so that agents have to wait."""
DISK = 30 << 30
"""Bytes at most: a file with holes."""


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return ext4(tmp_path / "disk", DISK)


def taken_from(disk: Path, folder: Path) -> Path:
    """What the guest left on its disk: the folder of its boot."""
    folder.mkdir()
    subprocess.run(["/sbin/debugfs", "-R", f"rdump / {folder}", str(disk)], check=True)
    (boot,) = (folder / "boots").read_text().split()
    return folder / boot


def counted(folder: Path) -> dict[str, int]:
    """Records of what the agents did, by what was decided."""
    found = {"allowed": 0, "denied": 0}
    for shard in names(folder):
        for line in contents(shard).splitlines():
            if b'"event":"present"' in line:
                found["denied" if b'"decision":"denied"' in line else "allowed"] += 1
    return found


@pytest.mark.timeout(3 * SECONDS + 600)
def test_none_is_lost(
    runner: Runner, program: Callable[[str], Path], disk: Path, tmp_path: Path
) -> None:
    # The guest has this machine's root, and a /tmp of its own.
    bursts = runner.where.build / "test" / "bursts"
    shutil.copy(program("guest/bursts/bursts.c"), bursts)
    argv = [sys.executable, str(HERE / "inside.py"), str(bursts), str(SECONDS), str(STALL)]
    env = {"PYTHONPATH": f"{REPO}/tools:{REPO}", "PYTHONDONTWRITEBYTECODE": "1"}
    boot = [f"coconut.audit_log_mb={LOG_MIB}"]
    job = Job(argv, REPO, env, timeout=2 * SECONDS + 400, boot=boot, disks=[disk])
    outcome = runner.run("direct-host", job, "bursts")
    outcome.check()

    told = json.loads(outcome.output.splitlines()[-1])
    print(told)
    assert (told["lost"], told["ended"]) == (0, 0)
    assert told["recorded"] == told["sealed"]
    assert told["waits"] > 0, "nobody was ever held back"
    assert told["kills"] > SECONDS // 10
    log = taken_from(disk, tmp_path / "log")
    assert counted(log) == {"allowed": told["allowed"], "denied": told["denied"]}

    first = contents(names(log)[0]).splitlines(True)[1]
    key = Record.parse(first).object[:32].hex()
    verify = [str(build() / "coconut-audit-verify"), "--json", "--key", key, str(log)]
    done = subprocess.run(verify, stdout=subprocess.PIPE, text=True, check=True)
    (boot,) = json.loads(done.stdout)["boots"]
    assert (boot["verdict"], boot["records"]) == ("intact", told["recorded"])
