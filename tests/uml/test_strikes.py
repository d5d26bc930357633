# SPDX-License-Identifier: Apache-2.0
"""Strikes: what denials do to an agent's state, as policy has it. Runs in a guest, as root."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pycoconut import syscalls
from pycoconut.abi import State
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import FS, Counter, Inside, failure, lines, stands, until

pytestmark = pytest.mark.usefixtures("limits")

DENIED = parse("svc:tool:other:use").encode()
SECRET = "/etc/shadow"


@pytest.fixture(scope="module")
def signed() -> bytes:
    made = SecretKey.make("test-strikes")
    FS.add_authorizer(PublicKey(made.public.raw, "test-strikes"))
    held = (parse("svc:tool:x:use"), parse("agent:children/0:spawn"))
    return Manifest("struck", "tests", capabilities=held).sign(made)


class Prober:
    """An agent that tries to read what it may not, once for each byte it is sent."""

    def __init__(self, signed: bytes) -> None:
        reader, self.writer = os.pipe()
        self.tries = Counter()

        def body() -> None:
            while os.read(reader, 1):
                try:
                    os.open(SECRET, os.O_RDONLY)
                except PermissionError:
                    self.tries.step()

        self.agent = Inside(signed, body)
        self.aid = self.agent.aid

    def probe(self) -> State:
        """Tries, and the state that it is in then."""
        before = self.tries.value
        os.write(self.writer, b"x")
        until(lambda: self.tries.value > before or self.state() == State.QUARANTINED)
        return self.state()

    def state(self) -> State:
        return FS.status(self.aid).state


@pytest.fixture
def prober(signed: bytes) -> Iterator[Prober]:
    made = Prober(signed)
    yield made
    made.agent.end()


def test_by_default_a_denial_changes_nothing(prober: Prober) -> None:
    assert FS.limits()["denials"] == 0
    for _ in range(3):
        assert prober.probe() == State.ACTIVE
    assert FS.status(prober.aid).strikes == 0


def test_from_denials_to_quarantine(prober: Prober) -> None:
    """Two denials are a strike, three strikes are enough; acknowledging does not forgive them."""
    FS.set_limit("denials", 2)
    FS.set_limit("strikes", 3)
    expected = [State.ACTIVE, State.CAP_DENIED]
    assert [prober.probe() for _ in range(2)] == expected
    FS.acknowledge(prober.aid)
    assert [prober.probe() for _ in range(2)] == expected
    assert FS.status(prober.aid).strikes == 2
    assert prober.probe() == State.CAP_DENIED
    assert prober.probe() == State.QUARANTINED
    stands(prober.tries, [prober.agent.pid])
    until(lambda: bool(lines(prober.aid, "CAP_DENIED>QUARANTINED strikes")))
    for edge, count in (
        ("ACTIVE>CAP_DENIED denials", 2),
        ("CAP_DENIED>ACTIVE acknowledged", 1),
        ("CAP_DENIED>QUARANTINED strikes", 1),
    ):
        assert len(lines(prober.aid, edge)) == count
    assert len(lines(prober.aid, SECRET, '"denied"')) == 6
    FS.release(prober.aid)
    assert FS.status(prober.aid).strikes == 0
    assert prober.probe() == State.ACTIVE


def test_the_offender_executes_nothing_more(signed: bytes) -> None:
    """It is frozen where it was denied, and so is its child, by whose doing it was not."""
    FS.set_limit("denials", 1)
    FS.set_limit("strikes", 1)
    counter, child = Counter(), Counter()

    def body() -> None:
        if os.fork() == 0:
            syscalls.spawn(signed, enter=True)
            while True:
                child.step()
        while child.value < 10:
            pass
        try:
            os.open(SECRET, os.O_RDONLY)
        finally:
            counter.step()

    agent = Inside(signed, body)
    try:
        until(lambda: FS.status(agent.aid).state == State.QUARANTINED)
        stands(counter, [agent.pid])
        stands(child, [])
        assert counter.value == 0
    finally:
        agent.end()


def test_what_a_broker_presents_counts_too(signed: bytes) -> None:
    FS.set_limit("denials", 1)
    agent = Inside(signed, lambda: os.kill(os.getpid(), 19))
    try:
        with pytest.raises(PermissionError):
            syscalls.cap_present(agent.aid, DENIED)
        assert FS.status(agent.aid).state == State.CAP_DENIED
        syscalls.cap_present(agent.aid, parse("svc:tool:x:use").encode())
        FS.acknowledge(agent.aid)
        assert FS.status(agent.aid).state == State.ACTIVE
    finally:
        agent.end()


def test_an_acknowledgement_needs_something_to_look_at(signed: bytes) -> None:
    aid = syscalls.spawn(signed).aid
    assert failure(lambda: FS.acknowledge(aid)) == errno.EINVAL
    syscalls.cap_revoke(aid, terminate=True)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("strikes 3", 0),
        ("strikes 3\n", 0),
        ("strikes", errno.EINVAL),
        ("strikes x", errno.EINVAL),
        ("strikes -1", errno.EINVAL),
        ("strikes 1\nstrikes 2", errno.EINVAL),
        ("blows 1", errno.EINVAL),
        ("strikes 4294967296", errno.ERANGE),
        ("approval_seconds 0", errno.ERANGE),
        ("approval_queue 257", errno.ERANGE),
        ("x" * 300, errno.EINVAL),
        ("", errno.EINVAL),
    ],
)
def test_limits(line: str, code: int) -> None:
    path = Path("/agent/policy/limits")
    assert failure(lambda: os.write(os.open(path, os.O_WRONLY), line.encode() or b"\n")) == code


def test_a_limit_that_is_set_is_a_record() -> None:
    FS.set_limit("strikes", 7)
    assert FS.limits()["strikes"] == 7
    until(lambda: bool(lines(0, '"policy"', '"strikes 7"')))


def test_an_agent_sets_none(signed: bytes) -> None:
    def body() -> None:
        os.open("/agent/policy/limits", os.O_WRONLY)

    agent = Inside(signed, body)
    try:
        assert agent.ended() == errno.EPERM
        until(lambda: bool(lines(agent.aid, '"denied"', "a:00000")))
    finally:
        agent.end()
