# SPDX-License-Identifier: Apache-2.0
"""PID 1 in a pid namespace: what it mounts, reaps, starts again, and how it ends.

The root is a tmpfs of the namespace's own, with the static program and busybox
on it: PID 1 makes its root read-only at the end, which must never be the host's.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import textwrap
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "image" / "pid1" / "coconutd.c"

SETUP = """
set -e
mount -t tmpfs tmpfs "$ROOT"
cd "$ROOT"
mkdir -p bin sbin dev proc sys run etc out tmp
cp "$STUB" sbin/coconutd
cp "$BUSYBOX" bin/busybox
for name in sh sleep cat ls kill mkdir touch grep date sync; do ln -s busybox bin/$name; done
cp "$DAEMON" daemon
chmod 755 daemon
mount --bind "$OUT" out
exec chroot . /sbin/coconutd
"""


@pytest.fixture(scope="session")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static program, built with every warning an error."""
    out = tmp_path_factory.mktemp("pid1") / "coconutd"
    compiler = "musl-gcc" if shutil.which("musl-gcc") else "gcc"
    subprocess.run(
        [compiler, "-static", "-Os", "-Wall", "-Wextra", "-Werror", "-o", out, SOURCE], check=True
    )
    return out


class Pid1:
    """One PID 1 in its namespaces, with a shell script as its daemon."""

    def __init__(self, stub: Path, tmp: Path, daemon: str) -> None:
        self.out = tmp / "out"
        self.out.mkdir()
        root = tmp / "root"
        root.mkdir()
        script = tmp / "daemon"
        script.write_text("#!/bin/sh\n" + textwrap.dedent(daemon))
        busybox = shutil.which("busybox")
        assert busybox, "busybox-static is needed"
        env = {
            "PATH": os.environ["PATH"],
            "ROOT": str(root),
            "STUB": str(stub),
            "BUSYBOX": busybox,
            "DAEMON": str(script),
            "OUT": str(self.out),
            "coconut_daemon": "/daemon",
        }
        user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
        self.process = subprocess.Popen(
            ["unshare", *user, "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", SETUP],
            env=env,
            stdin=subprocess.DEVNULL,
        )

    def wait_for(self, name: str, lines: int = 1, seconds: float = 10) -> list[str]:
        """The lines of out/name once there are that many."""
        deadline = time.monotonic() + seconds
        path = self.out / name
        while time.monotonic() < deadline:
            got = path.read_text().splitlines() if path.exists() else []
            if len(got) >= lines:
                return got
            time.sleep(0.02)
        raise AssertionError(f"{name} has not {lines} lines after {seconds} s")

    def ended_by(self, seconds: float = 20) -> int:
        """The signal by which reboot(2) ends a pid namespace: SIGINT off, SIGHUP reboot."""
        return -self.process.wait(timeout=seconds)

    def inner_pid(self) -> int:
        """PID 1 as seen from here: the only child of unshare."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])


@pytest.fixture
def run(stub: Path, tmp_path: Path) -> Iterator[type[Pid1]]:
    started: list[Pid1] = []

    def start(daemon: str) -> Pid1:
        started.append(Pid1(stub, tmp_path, daemon))
        return started[-1]

    yield start  # type: ignore[misc]
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_source_is_short() -> None:
    assert len(SOURCE.read_text().splitlines()) < 500


def test_refuses_to_be_anything_else(stub: Path) -> None:
    assert subprocess.run([stub], stderr=subprocess.DEVNULL).returncode == 64


@pytest.mark.parametrize(
    ("command", "sig"),
    [("P", signal.SIGINT), ("H", signal.SIGINT), ("R", signal.SIGHUP)],
)
def test_commands(run: type[Pid1], command: str, sig: int) -> None:
    one = run(f"printf +{command} >&3; sleep 100")
    assert one.ended_by() == sig


@pytest.mark.parametrize(
    ("sent", "sig"),
    [
        (signal.SIGUSR2, signal.SIGINT),
        (signal.SIGPWR, signal.SIGINT),
        (signal.SIGUSR1, signal.SIGINT),
        (signal.SIGTERM, signal.SIGHUP),
        (signal.SIGINT, signal.SIGHUP),
    ],
)
def test_signals(run: type[Pid1], sent: int, sig: int) -> None:
    one = run("echo up >>/out/up; sleep 100")
    one.wait_for("up")
    os.kill(one.inner_pid(), sent)
    assert one.ended_by() == sig


def test_stray_signals_and_commands_do_nothing(run: type[Pid1]) -> None:
    one = run("printf 'xyz\\0' >&3; echo up >>/out/up; read x </out/fifo; printf P >&3; sleep 9")
    os.mkfifo(one.out / "fifo")
    one.wait_for("up")
    for sig in (signal.SIGHUP, signal.SIGPIPE, signal.SIGALRM, signal.SIGCHLD, signal.SIGTSTP):
        os.kill(one.inner_pid(), sig)
    time.sleep(0.3)
    assert one.process.poll() is None
    (one.out / "fifo").write_text("go\n")
    assert one.ended_by() == signal.SIGINT


def test_mounts(run: type[Pid1]) -> None:
    one = run("cat /proc/mounts >/out/m; echo done >/out/done; printf P >&3; sleep 9")
    one.wait_for("done")
    targets = {line.split()[1] for line in (one.out / "m").read_text().splitlines()}
    assert {"/proc", "/run", "/dev/shm"} <= targets
    assert one.ended_by() == signal.SIGINT


def test_daemon_has_only_the_pipe(run: type[Pid1]) -> None:
    one = run("ls /proc/$$/fd >/out/fd; echo done >/out/done; printf P >&3; sleep 9")
    one.wait_for("done")
    numbers = {int(n) for n in (one.out / "fd").read_text().split()}
    # From 10 on they are the shell's own, on its script.
    assert {n for n in numbers if n < 10} == {0, 1, 2, 3}
    assert one.ended_by() == signal.SIGINT


def test_daemon_is_back_within_a_second(run: type[Pid1]) -> None:
    """However often it dies: the delay has a bound."""
    one = run("cat /proc/uptime >>/out/starts; exit 1")
    times = [float(line.split()[0]) for line in one.wait_for("starts", lines=9)]
    gaps = [b - a for a, b in pairwise(times)]
    assert max(gaps) < 1.0, gaps
    assert gaps[-1] > 0.5, "a daemon that cannot start must not eat the machine"


def test_a_killed_daemon_takes_nothing_with_it(run: type[Pid1]) -> None:
    one = run(
        """
        echo start >>/out/starts
        if [ ! -e /run/once ]; then
            touch /run/once
            sh -c 'while :; do date +%s%N >>/out/beat; sleep 0.1; done' &
            kill -9 $$
        fi
        sleep 100
        """
    )
    one.wait_for("starts", lines=2, seconds=3)
    beats = len(one.wait_for("beat"))
    one.wait_for("beat", lines=beats + 5, seconds=5)


def test_reaps_orphans(run: type[Pid1]) -> None:
    one = run(
        """
        i=0
        while [ $i -lt 50 ]; do ( sleep 0.05 & ); i=$((i + 1)); done
        sleep 1
        grep -l '^State:.Z' /proc/[0-9]*/status >/out/zombies
        echo done >/out/done
        sleep 100
        """
    )
    one.wait_for("done")
    assert (one.out / "zombies").read_text() == ""


def test_ends_what_will_not_end(run: type[Pid1]) -> None:
    """Neither a daemon nor a process that ignores SIGTERM holds a shutdown up."""
    one = run(
        """
        sh -c "trap '' TERM INT HUP; while :; do sleep 1; done" &
        echo up >>/out/up
        printf P >&3
        exit 0
        """
    )
    one.wait_for("up")
    assert one.ended_by(seconds=15) == signal.SIGINT


def test_daemon_ends_before_the_rest(run: type[Pid1]) -> None:
    """It stops the services in order and writes out the chain, so they must still be there."""
    one = run(
        """
        sh -c "trap 'echo other >>/out/order; exit' TERM; while :; do sleep 0.1; done" &
        trap 'sleep 0.5; echo daemon >>/out/order; exit' TERM
        echo up >>/out/up
        while :; do sleep 0.1; done
        """
    )
    one.wait_for("up")
    time.sleep(0.3)
    os.kill(one.inner_pid(), signal.SIGUSR2)
    assert one.ended_by() == signal.SIGINT
    assert (one.out / "order").read_text().split() == ["daemon", "other"]
