# SPDX-License-Identifier: Apache-2.0
"""The audit chain under load, without its keeper, and in wrong hands. Runs in a guest, as root.

The system boots once for this file: the first test takes the seed of its MACs, and
every later look at the log is an auditor's, who knows the seed and the first key.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import signal
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pycoconut import audit, syscalls
from pycoconut.abi import IOC_PERSISTED
from pycoconut.agentfs import AgentFs
from pycoconut.aid import format_aid
from pycoconut.audit import Verdict
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import settle, stats

AUDIT = Path("/agent/audit")
LOG = AUDIT / "chain.log"
REQUEST = parse("svc:tool:web_fetch:use").encode()
CAPABILITIES = (
    "fs:/*:read_file,read_dir",
    "svc:tool:web_*:use",
)

BURST = 20_000
"""Records of one burst: more than the rings hold by far."""

FLOOD = 150_000
"""Records of a flood: more than one agent's share of the log."""

STALL = 3.0
"""Seconds that the persister keeps still."""

FLIPS = 200
"""Places in the log at which a byte is changed."""


@dataclass(frozen=True)
class Auditor:
    """What somebody needs who was there when the system booted, and no more."""

    key: bytes
    seed: bytes

    def verdict(self, path: Path, live: bool = True) -> audit.Report:
        return audit.verify([path], keys=[self.key], seed=self.seed, live=live)


def first_line() -> bytes:
    with LOG.open("rb") as log:
        return log.readline()


@pytest.fixture(scope="session")
def auditor() -> Auditor:
    """Takes the seed, which the kernel gives away once."""
    boot = audit.Record.parse(first_line())
    return Auditor(boot.object[:32], syscalls.audit_seed())


@pytest.fixture(scope="session")
def key() -> SecretKey:
    made = SecretKey.make("test-chain")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-chain"))
    return made


@pytest.fixture(scope="session")
def manifest(key: SecretKey) -> bytes:
    return Manifest(
        "chain-test", "tests", capabilities=tuple(parse(text) for text in CAPABILITIES)
    ).sign(key)


def present(aid: int = 0) -> None:
    """One decision, so one record."""
    syscalls.cap_present(aid, REQUEST)


@dataclass
class Child:
    """A process of an agent."""

    pid: int
    aid: int
    status: int | None = None

    def ended(self) -> bool:
        """Has it ended?"""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status is not None

    def wait(self, seconds: float = 120.0) -> int:
        """Its exit status; it must end in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.ended():
                assert self.status is not None
                return self.status
            time.sleep(0.01)
        self.kill()
        pytest.fail(f"process {self.pid} of {format_aid(self.aid)} did not end")

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def inside(manifest: bytes, work: Callable[[], None]) -> Child:
    """Starts a process that enters a new agent and works."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            aid = syscalls.spawn(manifest, enter=True).aid
            os.write(writer, struct.pack("=Q", aid))
            work()
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        (aid,) = struct.unpack("=Q", answers.read(8))
    return Child(pid, aid)


def burst(count: int) -> Callable[[], None]:
    def work() -> None:
        for _ in range(count):
            present()

    return work


class Persister:
    """Keeps the log as the daemon does: reads, writes to a file, acknowledges at seals."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(LOG, os.O_RDWR)
        self.out = path.open("ab", buffering=0)
        self.rest = b""
        self.acknowledged = 0

    def step(self, seconds: float = 0.2) -> None:
        """Keeps what there is now."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        if not poll.poll(seconds * 1000):
            return
        data = os.read(self.fd, 1 << 20)
        self.out.write(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        seals = [line for line in lines if line.startswith(b'{"seal":')]
        if seals:
            self._acknowledge(audit.Seal.parse(seals[-1] + b"\n").last)

    def _acknowledge(self, seq: int) -> None:
        if seq > self.acknowledged:
            os.fsync(self.out.fileno())
            fcntl.ioctl(self.fd, IOC_PERSISTED, struct.pack("=Q", seq))
            self.acknowledged = seq

    def keep_until(self, done: Callable[[], bool], seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, "what was waited for did not come"
            self.step()

    def keep(self, seq: int) -> None:
        """Until this record is durable."""
        self.keep_until(lambda: self.acknowledged >= seq)

    def close(self) -> None:
        os.close(self.fd)
        self.out.close()


@pytest.fixture
def persister(tmp_path: Path) -> Iterator[Persister]:
    keeper = Persister(tmp_path / "shard.jsonl")
    yield keeper
    keeper.close()


def test_the_boot_record_opens_the_chain(auditor: Auditor) -> None:
    boot = audit.Record.parse(first_line())
    assert (boot.seq, boot.event.name, boot.aid, boot.result) == (1, "BOOT", 0, 0)
    assert len(boot.object) == 64
    assert boot.object[32:].hex() == AgentFs().abi()["attest_key"]
    settle()
    report = auditor.verdict(LOG)
    assert report.verdict is Verdict.INTACT, report.boots[0].reasons
    assert report.boots[0].macs


def test_the_seed_leaves_once(auditor: Auditor) -> None:
    with pytest.raises(OSError, match=r"(?i)already"):
        syscalls.audit_seed()


def test_a_record_is_there_at_once(manifest: bytes, auditor: Auditor) -> None:
    """Not later than the reader can look, and sealed within the epoch's second."""
    aid = syscalls.spawn(manifest).aid
    seq = syscalls.cap_present(aid, REQUEST).seq
    end = time.monotonic() + 0.5
    mark = f'{{"seq":{seq},'.encode()
    while mark not in LOG.read_bytes() and time.monotonic() < end:
        time.sleep(0.005)
    assert mark in LOG.read_bytes()
    time.sleep(1.5)
    assert stats()["sealed"] >= seq
    syscalls.cap_revoke(aid, terminate=True)


def test_empty_epochs_are_sealed(auditor: Auditor) -> None:
    before = stats()["epochs"]
    time.sleep(3.3)
    assert stats()["epochs"] - before in (3, 4)


def test_head_is_that_of_the_last_seal(auditor: Auditor) -> None:
    settle()
    for _ in range(5):
        before = (AUDIT / "head").read_text().strip()
        seals = [line for line in LOG.read_bytes().splitlines() if line.startswith(b'{"seal"')]
        if (AUDIT / "head").read_text().strip() == before:
            break
    assert audit.Seal.parse(seals[-1] + b"\n").head.hex() == before


def test_a_changed_byte_is_found(manifest: bytes, auditor: Auditor, tmp_path: Path) -> None:
    """Wherever it is, one byte of another value is never called intact."""
    assert inside(manifest, burst(100)).wait() == 0
    settle()
    log = LOG.read_bytes()
    path = tmp_path / "log.jsonl"
    path.write_bytes(log)
    assert auditor.verdict(path).verdict is Verdict.INTACT
    dice = random.Random(1)
    for _ in range(FLIPS):
        at = dice.randrange(len(log))
        changed = bytearray(log)
        changed[at] ^= 1 << dice.randrange(8)
        path.write_bytes(changed)
        try:
            verdict = auditor.verdict(path).verdict
        except audit.LogError:
            continue
        assert verdict not in (Verdict.INTACT, Verdict.UNANCHORED), f"byte {at} of {len(log)}"


def test_a_line_less_is_found(auditor: Auditor, tmp_path: Path) -> None:
    """Taken out, doubled, or changed places with its neighbour."""
    settle()
    lines = LOG.read_bytes().splitlines(True)
    path = tmp_path / "log.jsonl"
    dice = random.Random(2)
    for _ in range(FLIPS // 4):
        at = dice.randrange(len(lines) - 1)
        for put in ([], lines[at : at + 1] * 2, lines[at : at + 2][::-1]):
            span = 2 if len(put) == 2 and put[0] != put[1] else 1
            path.write_bytes(b"".join([*lines[:at], *put, *lines[at + span :]]))
            verdict = auditor.verdict(path).verdict
            assert verdict not in (Verdict.INTACT, Verdict.UNANCHORED), f"line {at}"


def test_a_burst_is_recorded_whole(manifest: bytes, auditor: Auditor) -> None:
    before = settle()["recorded"]
    started = time.monotonic()
    child = inside(manifest, burst(BURST))
    assert child.wait() == 0
    took = time.monotonic() - started
    after = settle()
    print(f"{BURST / took:.0f} records/s, {after['waits']} waits")
    # Beside the burst: spawn, states, enter, exit of the one agent.
    assert BURST <= after["recorded"] - before <= BURST + 16
    report = auditor.verdict(LOG)
    assert report.verdict is Verdict.INTACT, report.boots[0].reasons


def test_agents_side_by_side(manifest: bytes, auditor: Auditor) -> None:
    """Each has its lines and nobody else's, in the order in which they happened."""
    children = [inside(manifest, burst(2000)) for _ in range(5)]
    assert [child.wait() for child in children] == [0] * 5
    settle()
    for child in children:
        buried = Path("/agent/graveyard") / format_aid(child.aid) / "audit/tail"
        records = [audit.Record.parse(line) for line in buried.read_bytes().splitlines(True)]
        assert {record.aid for record in records} == {child.aid}
        assert sum(record.event.name == "PRESENT" for record in records) == 2000
        seqs = [record.seq for record in records]
        assert seqs == sorted(set(seqs))


def test_the_call_and_the_file_agree(auditor: Auditor) -> None:
    """agent_audit_query gives the bytes that the lines stand for."""
    last = settle()["recorded"]
    lines = [line for line in LOG.read_bytes().splitlines(True) if line.startswith(b'{"seq"')]
    chosen = [audit.Record.parse(line) for line in lines[-500:]]
    got = b""
    next_seq = chosen[0].seq
    while next_seq <= last:
        segment = syscalls.audit_query(first_seq=next_seq, last_seq=last)
        assert segment.next_seq > next_seq
        got += segment.records
        next_seq = segment.next_seq
    assert got == b"".join(record.encode() for record in chosen)


def test_a_stalled_persister_loses_nothing(
    manifest: bytes, auditor: Auditor, persister: Persister, tmp_path: Path
) -> None:
    """It keeps still for seconds: the flood waits, others do not, and all is kept."""
    persister.keep(stats()["sealed"])
    flood = inside(manifest, burst(FLOOD))
    end = time.monotonic() + 60
    held = stats()["recorded"]
    while time.monotonic() < end:
        time.sleep(0.5)
        now = stats()["recorded"]
        if now == held:
            break
        held = now
    started = time.monotonic()
    other = inside(manifest, burst(100))
    assert other.wait(STALL) == 0
    time.sleep(max(0.0, STALL - (time.monotonic() - started)))
    found = stats()
    assert found["recorded"] - held <= 100 + 16, "the flood was not held back"
    assert found["waits"] > 0

    persister.keep_until(flood.ended)
    last = settle()["recorded"]
    persister.keep(last)
    report = auditor.verdict(tmp_path / "shard.jsonl")
    assert report.verdict is Verdict.INTACT, report.boots[0].reasons
    assert report.boots[0].last_seq >= last


def test_a_held_back_task_can_be_killed(manifest: bytes, persister: Persister) -> None:
    flood = inside(manifest, burst(2 * FLOOD))
    held, now = -1, 0
    while held != now:
        held = now
        time.sleep(0.5)
        now = stats()["recorded"]
    flood.kill()
    assert flood.wait(5) == -signal.SIGKILL
    persister.keep(settle()["recorded"])


@pytest.mark.timeout(400)
def test_a_persister_that_died_frees_the_producers(manifest: bytes, tmp_path: Path) -> None:
    """After its time of grace: no agent waits for ever for who does not come back."""
    # First the flood: a process that it forked would hold the descriptor open.
    flood = inside(manifest, burst(FLOOD))
    keeper = Persister(tmp_path / "shard.jsonl")
    time.sleep(5)
    assert not flood.ended()
    keeper.close()
    assert flood.wait() == 0
    settle()


def test_evicted_is_passed_over(manifest: bytes) -> None:
    """Memory has a bound; the log then begins later, with a whole epoch."""
    while stats()["oldest_seq"] == 1:
        assert inside(manifest, burst(FLOOD)).wait() == 0
    oldest = settle()["oldest_seq"]
    assert audit.Record.parse(first_line()).seq >= oldest > 1
