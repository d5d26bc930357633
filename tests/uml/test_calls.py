# SPDX-License-Identifier: Apache-2.0
"""Each system call of an agent at the level `syscalls`, whatever it tries. In a guest, as root."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut import audit, syscalls
from pycoconut.abi import AuditLevel, Decision, Event
from pycoconut.aid import format_aid
from pycoconut.audit import Record, Verdict
from pycoconut.caps import parse
from pycoconut.kbuild.base import REPO
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.escapes.uring import Ring
from tests.guest.calls import doors
from tests.guest.calls.ways import CAPS, WAYS, check, marked
from tests.uml.inside import FS, Inside, failure, settle, stats

SPAWN = "agent:children/8:spawn"
IS_UML = "User Mode Linux" in Path("/proc/cpuinfo").read_text()
MANY = 4096
"""Requests in one call: as many as the ring of a CPU has room for records."""


@pytest.fixture(scope="module")
def key() -> SecretKey:
    made = SecretKey.make("test-calls")
    FS.add_authorizer(PublicKey(made.public.raw, "test-calls"))
    return made


@pytest.fixture
def manifest(key: SecretKey) -> Callable[[AuditLevel], bytes]:
    def sign(level: AuditLevel) -> bytes:
        capabilities = tuple(parse(text) for text in (*CAPS, SPAWN))
        return Manifest("calls", "tests", audit=level, capabilities=capabilities).sign(key)

    return sign


def compiled(name: str, folder: Path) -> Path:
    source = REPO / f"tests/guest/calls/{name}.c"
    include = ["-I", str(REPO / "tests/guest/common"), "-idirafter", str(REPO / "include/uapi")]
    out = folder / name
    subprocess.run(["gcc", "-O2", "-static", *include, source, "-o", out], check=True)
    return out


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("calls", tmp_path_factory.mktemp("calls"))


def of(aid: int) -> list[Record]:
    settle()
    for place in ("live", "graveyard"):
        tail = Path("/agent") / place / format_aid(aid) / "audit/tail"
        if tail.exists():
            return [Record.parse(line) for line in tail.read_bytes().splitlines(True)]
    pytest.fail(f"{format_aid(aid)} is nowhere")


def last_aid() -> int:
    """Of the newest agent that has ended."""
    return max(FS.graveyard())


def run(program: Path, manifest: bytes, tmp_path: Path, *words: Path) -> tuple[str, list[Record]]:
    file = tmp_path / "manifest"
    file.write_bytes(manifest)
    done = subprocess.run([program, file, *words], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout, of(last_aid())


def test_no_way_is_unseen(
    program: Path, manifest: Callable[[AuditLevel], bytes], tmp_path: Path
) -> None:
    said, records = run(program, manifest(AuditLevel.SYSCALLS), tmp_path)
    assert "dispatch none" in said
    check(records)


def test_no_other_level_has_any(
    program: Path, manifest: Callable[[AuditLevel], bytes], tmp_path: Path
) -> None:
    _, records = run(program, manifest(AuditLevel.DECISIONS), tmp_path)
    assert marked(records) == dict.fromkeys(WAYS, 0)
    assert not any(r.event in (Event.SYSCALL, Event.RETURN) for r in records)


@pytest.fixture
def watched(manifest: Callable[[AuditLevel], bytes]) -> Iterator[Inside]:
    def body() -> None:
        for _ in range(3):
            os.getpid()
        os.open("/nowhere", os.O_RDONLY)

    agent = Inside(manifest(AuditLevel.SYSCALLS), body)
    yield agent
    agent.end()


def test_a_call_is_recorded_before_and_after(watched: Inside) -> None:
    watched.ended()
    records = of(watched.aid)
    began = next(r for r in records if r.event is Event.SYSCALL and r.object.startswith(b"257 "))
    ended = next(r for r in records if r.seq > began.seq and r.event is Event.RETURN)
    assert began.object.split()[1] == b"ffffff9c"
    assert (ended.object, ended.result, ended.tid) == (b"257", -2, began.tid)
    events = [r.event for r in records]
    assert Event.SYSCALL not in events[: events.index(Event.ENTER)], "before it was entered"


def test_what_is_watched_spawns_nothing_that_is_not(
    manifest: Callable[[AuditLevel], bytes],
) -> None:
    """A child's records say no less than its parent's."""

    def body() -> None:
        syscalls.spawn(manifest(AuditLevel.DECISIONS))

    agent = Inside(manifest(AuditLevel.SYSCALLS), body)
    assert agent.ended() == 1
    agent.end()


def test_the_verifier_knows_them(watched: Inside, tmp_path: Path) -> None:
    watched.ended()
    log = tmp_path / "chain.log"
    log.write_bytes(Path("/agent/audit/chain.log").read_bytes())
    report = audit.verify([log], live=True)
    assert report.verdict in (Verdict.UNANCHORED, Verdict.INTACT), report.boots[0].reasons
    argv = [sys.executable, "-m", "pycoconut.cli", "--json", "audit", "grep", "--event", "syscall"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True)
    assert f'"aid": "{format_aid(watched.aid)}"' in done.stdout


def test_no_door_is_unseen(manifest: Callable[[AuditLevel], bytes], tmp_path: Path) -> None:
    """Numbers of other tables, 32-bit instructions, and calls that others may change."""
    file32 = tmp_path / "file32"
    file32.write_bytes(doors.FILE32)
    file32.chmod(0o755)
    program = compiled("doors", tmp_path)
    said, records = run(program, manifest(AuditLevel.SYSCALLS), tmp_path, file32)
    doors.check(said, records, IS_UML)


def requested(records: list[Record]) -> Counter[str]:
    """How often each operation of io_uring was submitted."""
    begun = [r.object.decode().split() for r in records if r.event is Event.SYSCALL]
    return Counter(words[0] for words in begun if words[0].startswith("uring:"))


def use_ring(ring: Ring) -> None:
    for flags in (0, Ring.DRAIN, Ring.LINK, Ring.ASYNC):
        ring.request(Ring.NOP, flags=flags)
    failure(lambda: ring.request(Ring.CLOSE, 1000))
    failure(lambda: ring.request(Ring.NO_SUCH))
    reader, writer = os.pipe()
    buffer = ctypes.create_string_buffer(1)
    if os.fork() == 0:
        time.sleep(0.3)
        os.write(writer, b"x")
        os._exit(0)
    # Issued twice: when it is submitted, and when there is something to read.
    ring.request(Ring.READ, reader, ctypes.addressof(buffer), 1)
    os.wait()


USED = {f"uring:{Ring.NOP}": 4, f"uring:{Ring.CLOSE}": 1, f"uring:{Ring.READ}": 1}


@pytest.mark.parametrize("when", ["before", "after"])
def test_each_request_in_a_ring_once(manifest: Callable[[AuditLevel], bytes], when: str) -> None:
    """Whether the ring was made in the agent, or brought along."""
    brought = [Ring()] if when == "before" else []
    agent = Inside(manifest(AuditLevel.SYSCALLS), lambda: use_ring(*brought or [Ring()]))
    assert agent.ended() == 0
    records = of(agent.aid)
    agent.end()
    assert requested(records) == USED


def test_no_request_of_another_level(manifest: Callable[[AuditLevel], bytes]) -> None:
    agent = Inside(manifest(AuditLevel.DECISIONS), lambda: use_ring(Ring()))
    assert agent.ended() == 0
    records = of(agent.aid)
    agent.end()
    assert requested(records) == {}


def test_requests_do_not_wait_for_each_other_to_be_kept(
    manifest: Callable[[AuditLevel], bytes],
) -> None:
    """More in one call than the kernel has room for records: none is lost."""
    agent = Inside(manifest(AuditLevel.SYSCALLS), lambda: Ring(entries=MANY).nothing(MANY))
    before = stats()["recorded"]
    assert agent.ended() == 0
    agent.end()
    assert stats()["recorded"] - before > MANY


def test_nobody_polls_for_requests(manifest: Callable[[AuditLevel], bytes]) -> None:
    """What a thread of the kernel did by itself would be seen by nobody."""
    agent = Inside(manifest(AuditLevel.SYSCALLS), lambda: Ring(Ring.SQPOLL) and None)
    assert agent.ended() == errno.EPERM
    records = of(agent.aid)
    agent.end()
    denied = [r for r in records if r.decision is Decision.DENIED]
    assert [r.object for r in denied] == [b"sqpoll"]
    ends = [r for r in records if r.event is Event.RETURN and r.object == b"425"]
    assert [r.result for r in ends] == [-errno.EPERM]
