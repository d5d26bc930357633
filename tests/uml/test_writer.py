# SPDX-License-Identifier: Apache-2.0
"""The writer on a disk that is full and one that stalls, and killed. Runs in a guest, as root.

One boot, one log: whatever was done to its writer, at the end all of it is there.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut import audit, syscalls
from pycoconut.agentfs import AgentFs
from pycoconut.caps import parse
from pycoconut.daemon import shards, writer
from pycoconut.daemon.paths import Paths
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import Counter, Inside, moves, stats, until

FS = AgentFs()
PATHS = Paths(Path("/run/writer"))
REQUEST = parse("svc:tool:web_fetch:use").encode()

SMALL, LARGE = "2m", "900m"
KILLS = 100
STALLS = 3
STALL = 3.0
"""Seconds that the writer keeps still, as it does on a disk that takes nothing."""
AWAY = 12.0
"""Seconds that nobody keeps the log, where much else is to do."""


@pytest.fixture(scope="module", autouse=True)
def disk() -> None:
    """A small disk for the log, below a root of the writer's own."""
    for path in (PATHS.agent, PATHS.log, PATHS.run):
        path.mkdir(parents=True)
    subprocess.run(["mount", "--bind", "/agent", str(PATHS.agent)], check=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "log", str(PATHS.log)], check=True
    )


def resize(size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(PATHS.log)], check=True)


def run(*words: str) -> int:
    """The writer in a process of its own, without a new interpreter."""
    pid = os.fork()
    if pid == 0:
        try:
            shards.SHARD_MAX = 1 << 20
            os._exit(writer.main(list(words), PATHS))
        finally:
            os._exit(99)
    return pid


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


@pytest.fixture(scope="module")
def manifest() -> bytes:
    key = SecretKey.make("test-writer")
    FS.add_authorizer(PublicKey(key.public.raw, "test-writer"))
    return Manifest("writer-test", "tests", capabilities=(parse("svc:tool:*:use"),)).sign(key)


@pytest.fixture
def flood(manifest: bytes) -> Iterator[Callable[[], Counter]]:
    """Starts an agent that makes records as fast as it may; what counts them."""
    started: list[Inside] = []

    def start() -> Counter:
        counter = Counter()

        def body() -> None:
            while True:
                syscalls.cap_present(0, REQUEST)
                counter.step()

        started.append(Inside(manifest, body))
        return counter

    yield start
    for agent in started:
        agent.end()


def status() -> str:
    return PATHS.writer.read_text() if PATHS.writer.exists() else ""


def told() -> str:
    return subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout


def keeps_up() -> None:
    """Returns once what is recorded now is durable."""
    goal = stats()["recorded"]
    until(lambda: stats()["persisted_seq"] >= goal)


def stands_still(counter: Counter) -> bool:
    before = counter.value
    time.sleep(1.0)
    return counter.value == before


@pytest.mark.timeout(200)
def test_disk_that_is_full(flood: Callable[[], Counter]) -> None:
    """Agents wait, the operator is told why, and it goes on by itself when there is room."""
    pid = run()
    counter = flood()
    until(lambda: status().startswith("state held\n"))
    assert "No space left on device" in status()
    assert "the chain cannot be written: " in told(), told()[-1500:]
    until(lambda: stands_still(counter))
    held = stats()
    assert held["waits"] > 0
    assert held["persisted_seq"] < held["recorded"]
    resize(LARGE)
    until(lambda: status().startswith("state writing\n"))
    assert "the chain is written again" in told()
    moves(counter)
    keeps_up()
    kill(pid)


@pytest.mark.timeout(120)
def test_writer_that_starts_on_a_full_disk(flood: Callable[[], Counter]) -> None:
    """It keeps the log from then on, and finds room later."""
    ballast = PATHS.log / "ballast"
    resize(f"{sum(p.stat().st_size for p in PATHS.log.rglob('*')) + (8 << 20)}")
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(bytes(16 << 20))
    pid = run()
    counter = flood()
    until(lambda: status().startswith("state held\n"))
    resize(LARGE)
    ballast.unlink()
    until(lambda: status().startswith("state writing\n"))
    moves(counter)
    keeps_up()
    kill(pid)


@pytest.mark.timeout(120)
def test_disk_that_stalls(flood: Callable[[], Counter]) -> None:
    pid = run()
    counter = flood()
    for _ in range(STALLS):
        moves(counter)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(STALL)
        assert stats()["recorded"] > stats()["persisted_seq"]
        os.kill(pid, signal.SIGCONT)
        keeps_up()
    kill(pid)


@pytest.mark.timeout(240)
def test_writer_that_is_killed_again_and_again(flood: Callable[[], Counter]) -> None:
    dice = random.Random(4)
    counter = flood()
    for _ in range(KILLS):
        pid = run()
        time.sleep(dice.uniform(0.0, 0.2))
        kill(pid)
    pid = run()
    moves(counter)
    keeps_up()
    kill(pid)


@pytest.mark.timeout(150)
def test_writer_that_takes_its_time_to_come_back(flood: Callable[[], Counter]) -> None:
    """Nobody acts meanwhile, once the kernel has no more room, and nothing leaves it."""
    resize(LARGE)
    pid = run()
    keeps_up()
    kill(pid)
    counter = flood()
    until(lambda: stands_still(counter))
    time.sleep(AWAY)
    assert stands_still(counter)
    pid = run()
    moves(counter)
    keeps_up()
    kill(pid)


def shown() -> list[str]:
    return sorted(path.name for path in (FS.root / "audit/rotated").iterdir())


@pytest.mark.timeout(120)
def test_closed_shards_are_compressed_and_shown() -> None:
    pid = run()
    keeps_up()
    folder = PATHS.log / FS.abi()["boot_id"]
    until(lambda: shown() == [path.name for path in shards.names(folder)[:-1]])
    until(lambda: all(name.endswith(".jsonl.zst") for name in shown()))
    assert len(shown()) > 2
    kill(pid)


@pytest.mark.timeout(120)
def test_all_of_it_is_there() -> None:
    """The last: the chain is closed, and what was written is intact from end to end."""
    last = stats()["recorded"]
    status_of_end = os.waitpid(run("end"), 0)[1]
    assert os.waitstatus_to_exitcode(status_of_end) == 0
    assert status().startswith("state ended\n")
    assert "why" not in status()
    folder = PATHS.log / FS.abi()["boot_id"]
    with FS.chain_log.open("rb") as log:
        first = log.readline()
    if b'"event":"boot"' not in first:
        first = shards.contents(shards.names(folder)[0]).splitlines(True)[1]
    key = audit.Record.parse(first).object[:32]
    report = audit.verify([folder], keys=[key], jobs=1)
    assert report.verdict is audit.Verdict.INTACT, report.boots[0].reasons
    assert report.boots[0].records > last
    assert stats()["lost"] == 0
