# SPDX-License-Identifier: Apache-2.0
"""The writer's run: what it tells, how it waits, and how it is kept and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from pycoconut.daemon import process, writer
from pycoconut.daemon.closed import Closed
from pycoconut.daemon.outside import Keeper, Kept
from pycoconut.daemon.persister import Persister
from pycoconut.daemon.writer import Writer


class Disk:
    """In place of the persister: one that takes what there is, or nothing."""

    def __init__(self) -> None:
        self.error: OSError | None = None
        self.waiting = [100, 50]
        self.shard: int | None = None
        self.closed = False

    def pump(self) -> int:
        if self.error:
            self.shard = None
            raise self.error
        self.shard = 0
        return self.waiting.pop(0) if self.waiting else 0

    def close_chain(self) -> None:
        assert self.error or self.shard is not None, "nobody named the boot before"
        self.closed = True


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the operator is told."""
    found: list[str] = []
    monkeypatch.setattr(writer, "say", found.append)
    return found


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def running(tmp_path: Path, disk: Disk, said: list[str]) -> Writer:
    """A writer that has nothing to compress."""
    for name in ("log", "rotated"):
        (tmp_path / name).mkdir()
    closed = Closed(tmp_path / "log", "ab" * 16, tmp_path / "rotated", None, said.append)
    return Writer(cast(Persister, disk), closed, tmp_path / "writer")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the time."""
    now = [1000.0]
    monkeypatch.setattr(writer.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(writer.time, "sleep", lambda seconds: move(seconds))

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


def test_a_disk_that_takes_nothing_is_told_once(
    running: Writer, disk: Disk, said: list[str], clock: Callable[[float], None]
) -> None:
    assert running.pump() == 100
    assert running.status.read_text() == "state writing\nheld 0\n"
    disk.error = OSError(28, "No space left on device")
    for _ in range(5):
        assert running.pump() == 0
        clock(writer.DISK_RETRY)
    assert running.status.read_text() == (
        "state held\nheld 1\nwhy [Errno 28] No space left on device\n"
    )
    assert len(said) == 1
    assert "No space left on device" in said[0]
    disk.error = None
    assert running.pump() == 50
    assert running.status.read_text() == "state writing\nheld 1\n"
    assert "written again, after 5 s" in said[1]
    running.closed.stop()


def test_a_disk_that_takes_nothing_is_not_asked_all_the_time(
    running: Writer, disk: Disk, clock: Callable[[float], None]
) -> None:
    disk.error = OSError(5, "Input/output error")
    running.pump()
    disk.error = None
    assert running.pump() == 0
    clock(writer.DISK_RETRY)
    assert running.pump() == 100
    running.closed.stop()


def test_end_takes_what_there_is(
    running: Writer, disk: Disk, clock: Callable[[float], None]
) -> None:
    clock(0.0)
    running.end()
    assert (disk.closed, disk.waiting) == (True, [])
    assert running.status.read_text().startswith("state ended\n")
    assert "why" not in running.status.read_text()
    running.closed.stop()


def test_end_on_a_dead_disk_ends_and_says_so(
    running: Writer, disk: Disk, said: list[str], clock: Callable[[float], None]
) -> None:
    clock(0.0)
    disk.error = OSError(5, "Input/output error")
    running.end()
    assert running.status.read_text().startswith("state ended\n")
    assert "not on the disk" in said[-1]
    assert disk.closed


def test_line_in_the_kernels_log_has_an_end(tmp_path: Path) -> None:
    """Without it the kernel shows the line when the next one comes, and maybe never."""
    code = (
        "import builtins, pycoconut.daemon.say as m; true = open\n"
        f"m.open = lambda path, how: true({str(tmp_path / 'kmsg')!r}, how)\n"
        "m.say('full')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert (tmp_path / "kmsg").read_text() == "<5>coconutd: full\n"


def test_writer_outlives_the_consoles(tmp_path: Path) -> None:
    """The end of the chain is written when they are gone."""
    kept = [
        Kept("writer", ["/bin/sleep", "60"], hang_up=False),
        Kept("tty1", ["/bin/sleep", "60"]),
    ]
    keeper = Keeper(tmp_path, kept)
    keeper.tick(time.monotonic())
    running, console = (keeper.process(name) for name in ("writer", "tty1"))
    assert running
    assert console
    for pid in (running.pid, console.pid):
        while Path(f"/proc/{pid}/comm").read_text() != "sleep\n":
            time.sleep(0.01)
    keeper.stop()
    os.waitpid(console.pid, 0)
    assert running.alive()
    assert process.find(tmp_path / "writer.pid") == running
    running.send(signal.SIGKILL)
    os.waitpid(running.pid, 0)
    assert keeper.process("none") is None
