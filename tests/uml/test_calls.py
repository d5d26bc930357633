# SPDX-License-Identifier: Apache-2.0
"""Each system call of an agent at the level `syscalls`, whatever it tries. In a guest, as root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut import audit, syscalls
from pycoconut.abi import AuditLevel, Event
from pycoconut.aid import format_aid
from pycoconut.audit import Record, Verdict
from pycoconut.caps import parse
from pycoconut.kbuild.base import REPO
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.guest.calls.ways import CAPS, WAYS, check, marked
from tests.uml.inside import FS, Inside, settle

SPAWN = "agent:children/8:spawn"


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


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calls")
    source = REPO / "tests/guest/calls/calls.c"
    include = ["-I", str(REPO / "tests/guest/common"), "-idirafter", str(REPO / "include/uapi")]
    out = folder / "calls"
    subprocess.run(["gcc", "-O2", "-static", *include, source, "-o", out], check=True)
    return out


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


def run(program: Path, manifest: bytes, tmp_path: Path) -> tuple[str, list[Record]]:
    file = tmp_path / "manifest"
    file.write_bytes(manifest)
    done = subprocess.run([program, file], stdout=subprocess.PIPE, text=True, check=True)
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
