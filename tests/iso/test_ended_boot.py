# SPDX-License-Identifier: Apache-2.0
"""A boot that ended in order left all of its chain on the disk; one that was cut off says so.

In User-Mode Linux, whose root is a folder here: what is on its disk can be looked at afterwards.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pycoconut import audit
from pycoconut.imgbuild.image import Image
from pycoconut.imgbuild.rootfs import untar
from pycoconut.kbuild.base import load_base, places
from pycoconut.kbuild.console import Console
from pycoconut.kbuild.kernel import Kernel, variant

# Runs once beside the daemon, and ends the system when the first agent is there.
DAEMON = """\
#!/bin/sh
if [ ! -e /run/once ]; then
    touch /run/once
    (exec 3>&-
    for i in $(seq 300); do
        grep -qsx 'name auditor' /agent/live/*/status && break
        sleep 0.1
    done
    sleep 2
    {end}) &
fi
exec /usr/bin/python3 -I -B -m pycoconut.daemon
"""


@pytest.fixture
def root(tmp_path: Path, image: Image) -> Path:
    """The image's root, unpacked."""
    made = tmp_path / "root"
    untar(image.work / "root.tar", made)
    (made / "etc/coconut/consoles").write_text("")
    return made


def boot(root: Path, console: Console, end: str) -> list[Path]:
    """Boot until @end; return the folders of the boots whose shards are there."""
    kernel = Kernel(console, load_base(), places(), variant("uml")).image
    (root / "daemon").write_text(DAEMON.replace("{end}", end))
    (root / "daemon").chmod(0o755)
    words = [
        *("mem=256M", "kunit.enable=0", "rootfstype=hostfs", f"rootflags={root}", "rw"),
        *("init=/sbin/coconutd", "coconut_daemon=/daemon", "con=null", "con0=fd:0,fd:1"),
    ]
    with subprocess.Popen(
        [kernel, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": "/tmp"},
        start_new_session=True,
    ) as machine:
        deadline = time.monotonic() + 120
        while machine.poll() is None and not (root / "cut").exists():
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.1)
        if machine.poll() is None:
            os.killpg(machine.pid, signal.SIGKILL)
    assert (machine.returncode == 0) is not (root / "cut").exists()
    log = root / "var/log/coconut"
    return [log / name for name in (log / "boots").read_text().split()]


def said(folder: Path) -> list[str]:
    """What a boot says of the one before it."""
    lines = (folder / "0000.jsonl").read_text().splitlines()
    events = [json.loads(line).get("event") for line in lines]
    return [event for event in events if event in ("link", "gap")]


@pytest.mark.timeout(300)
def test_chain_of_an_ended_boot_is_whole(root: Path, console: Console) -> None:
    (first,) = boot(root, console, "kill -s USR2 1")
    report = audit.verify([first])
    # Nobody wrote its first key down: that is all there is to say against it.
    assert report.verdict is audit.Verdict.UNANCHORED, report.to_json()
    lines = (first / "0000.jsonl").read_bytes().splitlines()
    assert lines[-1].startswith(b'{"seal":')
    assert b'"event":"shutdown"' in lines[-2]

    second = boot(root, console, "kill -s USR2 1")[-1]
    assert said(second) == ["link"], "the second boot does not name the first"
    assert audit.verify([second]).verdict is audit.Verdict.UNANCHORED
    assert audit.verify([first, second]).verdict is audit.Verdict.UNANCHORED


@pytest.mark.timeout(300)
def test_chain_of_a_boot_that_was_cut_off_is_not(root: Path, console: Console) -> None:
    """As a power cut: no daemon is asked, no chain is closed."""
    (first,) = boot(root, console, "touch /cut; sleep 60")
    assert audit.verify([first]).verdict is audit.Verdict.TRUNCATED
    (root / "cut").unlink()
    (root / "run/once").unlink(missing_ok=True)
    second = boot(root, console, "kill -s USR2 1")[-1]
    assert said(second) == ["link", "gap"]
    first_again, second_too = audit.verify([first, second]).boots
    assert first_again.verdict is audit.Verdict.TRUNCATED
    assert second_too.verdict is audit.Verdict.UNANCHORED
