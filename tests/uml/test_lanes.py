# SPDX-License-Identifier: Apache-2.0
"""Lanes: an agent has a cgroup from before its first instruction to its end. In a guest."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from pycoconut import syscalls
from pycoconut.abi import Lane
from pycoconut.aid import format_aid
from pycoconut.caps import parse
from pycoconut.daemon.live import enter
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import FS, Inside, Make, failure, forked, lines, until

TOP = Path("/sys/fs/cgroup")
TENANTS = Path("/agent/policy/tenants")
CAPS = tuple(map(parse, ("agent:children/8:spawn", "exec:/:run")))
TENANT = "lanes"
SCHED_GETATTR = 315
"""x86-64; Python's os has no sched_getattr()."""


@pytest.fixture(scope="module")
def key() -> SecretKey:
    made = SecretKey.make("test-lanes")
    FS.add_authorizer(PublicKey(made.public.raw, "test-lanes"))
    return made


@pytest.fixture
def signed(key: SecretKey) -> bytes:
    return Manifest("laned", TENANT, capabilities=CAPS).sign(key)


@pytest.fixture
def policy() -> Iterator[Path]:
    """The file of a tenant; it is gone afterwards, and what it said with it."""
    path = TENANTS / TENANT
    path.write_text("weight 100\n")
    yield path
    path.unlink(missing_ok=True)


def group(aid: int, tenant: str = TENANT) -> Path:
    return TOP / "coconut" / tenant / format_aid(aid)


def number(path: Path) -> int:
    return int(path.read_text())


def slice_ns(pid: int) -> int:
    """What sched_getattr(2) says of the slice."""
    attr = ctypes.create_string_buffer(56)
    assert ctypes.CDLL(None).syscall(SCHED_GETATTR, pid, attr, 56, 0) == 0
    return int(struct.unpack_from("Q", attr, 24)[0])


def pause() -> None:
    signal.pause()


def family() -> None:
    """A child, and both wait."""
    os.fork()
    signal.pause()


@pytest.mark.parametrize(
    ("lane", "weight"), [(Lane.BACKGROUND, 10), (Lane.NORMAL, 100), (Lane.INTERACTIVE, 300)]
)
def test_a_lane_is_a_weight(key: SecretKey, lane: Lane, weight: int) -> None:
    aid = syscalls.spawn(Manifest("one", TENANT, lane=lane).sign(key)).aid
    assert number(group(aid) / "cpu.weight") == weight
    assert (group(aid) / "cgroup.procs").read_text() == ""
    syscalls.cap_revoke(aid, terminate=True)
    until(lambda: not group(aid).exists())


def test_every_task_is_in_it(inside: Make) -> None:
    agent = inside(family)
    procs = group(agent.aid) / "cgroup.procs"
    until(lambda: len(procs.read_text().split()) == 2)
    assert str(agent.pid) in procs.read_text().split()
    path = f"0::/coconut/{TENANT}/{format_aid(agent.aid)}\n"  # no leaf without children
    assert Path(f"/proc/{agent.pid}/cgroup").read_text() == path
    assert "some avg10=" in (group(agent.aid) / "cpu.pressure").read_text()
    syscalls.cap_revoke(agent.aid, terminate=True)
    until(lambda: not group(agent.aid).exists())


def test_it_is_there_until_the_last_task_has_left(inside: Make) -> None:
    agent = inside(lambda: None)
    agent.ended()
    until(lambda: not group(agent.aid).exists())


def test_a_child_agent_leaves_its_parents(inside: Make, key: SecretKey) -> None:
    below = Manifest("below", TENANT, capabilities=CAPS[1:]).sign(key)

    def body() -> None:
        if os.fork() == 0:
            syscalls.spawn(below, enter=True)
        signal.pause()

    agent = inside(body)
    until(lambda: len(FS.children(agent.aid)) == 1)
    (child,) = FS.children(agent.aid)
    below = group(agent.aid) / format_aid(child)
    until(lambda: (below / "cgroup.procs").read_text() != "")
    assert (group(agent.aid) / "self/cgroup.procs").read_text().split() == [str(agent.pid)]


def test_who_cannot_enter_stays_where_it_was(key: SecretKey) -> None:
    """The agent is quarantined: it is there, with its group, and takes nobody in."""
    manifest = Manifest("held", TENANT, capabilities=CAPS)
    aid = syscalls.spawn(manifest.sign(key)).aid
    FS.quarantine(aid)
    before = Path("/proc/self/cgroup").read_text()

    def attempt() -> None:
        try:
            enter(aid)
        finally:
            assert Path("/proc/self/cgroup").read_text() == before

    assert forked(attempt) == errno.EBUSY
    syscalls.cap_revoke(aid, terminate=True)
    until(lambda: not group(aid).exists())


def test_a_slice_for_who_is_waited_for(key: SecretKey) -> None:
    agents = {}
    for lane in Lane:
        manifest = Manifest("one", TENANT, lane=lane, capabilities=CAPS)
        agents[lane] = Inside(manifest.sign(key), pause)
    slices = {lane: slice_ns(agent.pid) for lane, agent in agents.items()}
    for agent in agents.values():
        agent.end()
    assert slices[Lane.INTERACTIVE] < slices[Lane.NORMAL] < slices[Lane.BACKGROUND]


def test_no_agent_is_above_all_weights(signed: bytes) -> None:
    """A real-time task would take no notice of them."""

    def attempt() -> None:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        resource.setrlimit(resource.RLIMIT_RTPRIO, (50, 50))
        syscalls.spawn(signed, enter=True)
        assert os.sched_getscheduler(0) == os.SCHED_OTHER
        assert resource.getrlimit(resource.RLIMIT_RTPRIO) == (0, 0)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))

    assert forked(attempt) == errno.EPERM


def test_a_tenants_weight_is_the_operators(policy: Path, inside: Make) -> None:
    policy.write_text("weight 250\n")
    agent = inside(pause)
    weight = TOP / "coconut" / TENANT / "cpu.weight"
    assert number(weight) == 250
    policy.write_text("weight 50\n")
    assert number(weight) == 50
    assert policy.read_text().startswith("weight 50\nagents ")
    policy.unlink()
    assert number(weight) == 100
    assert agent.state().name == "ACTIVE"


def test_each_change_of_a_weight_is_a_record(policy: Path) -> None:
    policy.write_text("weight 321\n")
    until(lambda: any(f"tenant {TENANT} weight 321" in line for line in lines(0)))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", errno.EINVAL),
        ("weight", errno.EINVAL),
        ("weight ", errno.EINVAL),
        ("weight x", errno.EINVAL),
        ("weight -1", errno.EINVAL),
        ("weight 1 2", errno.EINVAL),
        ("weight 1\nweight 2", errno.EINVAL),
        ("weight 1\0", errno.EINVAL),
        ("height 1", errno.EINVAL),
        ("weight 0", errno.ERANGE),
        ("weight 10001", errno.ERANGE),
        ("weight 4294967296", errno.ERANGE),
        ("weight " + "9" * 200, errno.ERANGE),
        ("weight " + "1" * 300, errno.EINVAL),
    ],
)
def test_no_other_line_is_taken(policy: Path, text: str, code: int) -> None:
    descriptor = os.open(policy, os.O_WRONLY)
    with contextlib.closing(os.fdopen(descriptor, "wb", buffering=0)) as file:
        assert failure(lambda: file.write(text.encode() or b"\n")) == code
    assert policy.read_text().startswith("weight 100\n")


@pytest.mark.parametrize("name", ["a b", "a:b", "t" * 65, "é", "a\nb"])
def test_a_tenant_has_the_name_of_one(name: str) -> None:
    assert failure(lambda: (TENANTS / name).write_text("weight 1\n")) == errno.EINVAL


def test_agents_change_no_weight(policy: Path, signed: bytes) -> None:
    def attempt() -> None:
        syscalls.spawn(signed, enter=True)
        policy.write_text("weight 10000\n")

    assert forked(attempt) in (errno.EACCES, errno.EPERM)
    assert policy.read_text().startswith("weight 100\n")


def test_a_tenant_by_the_name_of_a_control_file(key: SecretKey) -> None:
    manifest = Manifest("one", "cpu.weight").sign(key)
    assert failure(lambda: syscalls.spawn(manifest)) == errno.EINVAL


def test_the_operators_limit_on_groups_holds(key: SecretKey, inside: Make) -> None:
    inside(pause)
    limit = TOP / "coconut" / TENANT / "cgroup.max.descendants"
    limit.write_text("0")
    manifest = Manifest("one", TENANT).sign(key)
    try:
        assert failure(lambda: syscalls.spawn(manifest)) == errno.EDQUOT
    finally:
        limit.write_text("max")
