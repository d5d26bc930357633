# SPDX-License-Identifier: Apache-2.0
"""PID 1 on our own kernel, in User-Mode Linux: a pid namespace has no agentfs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pycoconut.imgbuild import boot
from pycoconut.imgbuild.recipe import IMAGE
from pycoconut.kbuild.base import load_base, places
from pycoconut.kbuild.console import Console
from pycoconut.kbuild.kernel import Kernel, variant

DAEMON = """\
#!/bin/sh
if [ ! -e /run/once ]; then
    touch /run/once
    (while :; do sleep 0.1; done) &
    kill -9 $$
fi
cat /proc/mounts >/out/mounts
cat /proc/uptime >/out/back
ls /agent >/out/agent
ps -o pid,ppid,comm >/out/processes
trap 'echo ended >/out/ended; exit 0' TERM
printf + >&3
sleep 0.2
printf P >&3
while :; do sleep 0.1; done
"""


@pytest.fixture
def root(tmp_path: Path, console: Console) -> Path:
    """A root with the static programs only."""
    made = tmp_path / "root"
    for name in ("agent", "bin", "dev", "out", "proc", "run", "sbin", "sys"):
        (made / name).mkdir(parents=True)
    boot.static(console, IMAGE / "pid1" / "coconutd.c", made / "sbin" / "coconutd")
    busybox = shutil.which("busybox")
    assert busybox, "busybox-static is needed"
    shutil.copy(busybox, made / "bin" / "busybox")
    for name in ("cat", "ls", "ps", "sh", "sleep", "touch"):
        (made / "bin" / name).symlink_to("busybox")
    (made / "daemon").write_text(DAEMON)
    (made / "daemon").chmod(0o755)
    return made


@pytest.mark.timeout(120)
def test_from_power_on_to_power_off(root: Path, console: Console) -> None:
    kernel = Kernel(console, load_base(), places(), variant("uml")).image
    assert kernel.exists(), "make uml"
    words = [
        *("mem=128M", "kunit.enable=0", "rootfstype=hostfs", f"rootflags={root}", "rw"),
        *("init=/sbin/coconutd", "coconut_daemon=/daemon", "con=null", "con0=fd:0,fd:1"),
    ]
    done = subprocess.run(
        [kernel, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        env={**os.environ, "TMPDIR": "/tmp"},
    )
    assert done.returncode == 0, done.stdout[-4000:]
    mounted = {line.split()[2] for line in (root / "out" / "mounts").read_text().splitlines()}
    assert {"agentfs", "cgroup2", "devpts", "proc", "securityfs", "sysfs", "tmpfs"} <= mounted
    assert {"abi", "audit", "graveyard", "live", "policy"} <= set(
        (root / "out" / "agent").read_text().split()
    )
    assert (root / "out" / "ended").exists(), "the daemon was not told to end"
    # The orphan of the daemon that was killed is PID 1's now.
    rows = [line.split() for line in (root / "out" / "processes").read_text().splitlines()]
    assert any(row[1] == "1" and row[2] == "daemon" for row in rows), rows
