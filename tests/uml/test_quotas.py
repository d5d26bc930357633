# SPDX-License-Identifier: Apache-2.0
"""Budgets that the kernel keeps: each holds its agent, and nobody else. Runs in a guest."""

from __future__ import annotations

import errno
import mmap
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut import syscalls
from pycoconut.abi import QUOTA_UNLIMITED, QuotaKind, QuotaOp
from pycoconut.aid import format_aid
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import FS, Counter, Inside, failure, lines, moves, until

TOP = Path("/sys/fs/cgroup/coconut/quotas")
CAPS = (
    "agent:children/8:spawn",
    "net:tcp/127.0.0.1/32/0-65535:connect,bind,listen",
    "fs:/tmp/quotas:read_file,write_file,make_reg,truncate",
)
MIB = 1 << 20
Run = Callable[..., Inside]


@pytest.fixture(scope="module")
def key() -> SecretKey:
    made = SecretKey.make("test-quotas")
    FS.add_authorizer(PublicKey(made.public.raw, "test-quotas"))
    return made


@pytest.fixture
def run(key: SecretKey) -> Iterator[Run]:
    """Runs a body in an agent with budgets; the agents end with the test."""
    made: list[Inside] = []
    Path("/tmp/quotas").mkdir(exist_ok=True)

    def start(body: Callable[[], None], **quotas: int) -> Inside:
        kinds = {QuotaKind[name.upper()]: limit for name, limit in quotas.items()}
        manifest = Manifest(
            "held", "quotas", capabilities=tuple(map(parse, CAPS)), quotas=kinds
        ).sign(key)
        made.append(Inside(manifest, body))
        return made[-1]

    yield start
    for one in made:
        one.end()


@pytest.fixture(scope="module", autouse=True)
def _codec() -> None:
    """socket loads it with the first address: an agent may not read it."""
    assert "127.0.0.1".encode("idna")


def pause() -> None:
    signal.pause()


def forever(counter: Counter) -> Callable[[], None]:
    def body() -> None:
        while True:
            counter.step()

    return body


def take(size: int) -> None:
    """Memory that is there, not only promised."""
    memory = mmap.mmap(-1, size)
    for at in range(0, size, mmap.PAGESIZE):
        memory[at] = 1


def group(aid: int) -> Path:
    return TOP / format_aid(aid)


def control(aid: int, name: str) -> str:
    return (group(aid) / name).read_text().strip()


def over(aid: int, kind: str) -> list[str]:
    """The records that say that a budget did not suffice."""
    return lines(aid, '"event":"quota"', f"{format_aid(aid)} {kind} over")


@pytest.mark.parametrize(
    ("kind", "limit", "name", "text"),
    [
        ("cpu", 250_000, "cpu.max", "25000 100000"),
        ("cpu", 5_000, "cpu.max", "5000 1000000"),
        ("cpu", 1, "cpu.max", "1000 1000000"),
        ("cpu", 10**12, "cpu.max", "max 100000"),
        ("cpu_weight", 500, "cpu.weight", "500"),
        ("ram", 64 * MIB, "memory.max", str(64 * MIB)),
        ("ram_high", 32 * MIB, "memory.high", str(32 * MIB)),
        ("ram_min", 4 * MIB, "memory.min", str(4 * MIB)),
        ("pids", 20, "pids.max", "20"),
    ],
)
def test_a_controller_keeps_it_from_the_start(
    run: Run, kind: str, limit: int, name: str, text: str
) -> None:
    agent = run(pause, **{kind: limit})
    assert control(agent.aid, name) == text
    assert FS.budget(agent.aid, QuotaKind[kind.upper()]).limit == limit


def test_a_limit_is_set_anew(run: Run) -> None:
    agent = run(pause, pids=20)
    syscalls.quota(QuotaKind.PIDS, QuotaOp.SET, 7, aid=agent.aid)
    assert control(agent.aid, "pids.max") == "7"
    syscalls.quota(QuotaKind.PIDS, QuotaOp.SET, QUOTA_UNLIMITED, aid=agent.aid)
    assert control(agent.aid, "pids.max") == "max"


def test_a_lower_limit_holds_for_all_beneath(run: Run, key: SecretKey) -> None:
    below = Manifest("below", "quotas", quotas={QuotaKind.RAM: 60 * MIB}).sign(key)

    def body() -> None:
        syscalls.spawn(below)
        signal.pause()

    agent = run(body, ram=64 * MIB)
    until(lambda: len(FS.children(agent.aid)) == 1)
    (child,) = FS.children(agent.aid)
    limit = group(agent.aid) / format_aid(child) / "memory.max"
    assert limit.read_text() == f"{60 * MIB}\n"
    syscalls.quota(QuotaKind.RAM, QuotaOp.SET, 50 * MIB, aid=agent.aid)
    assert limit.read_text() == f"{50 * MIB}\n"
    with pytest.raises(PermissionError):
        syscalls.quota(QuotaKind.RAM, QuotaOp.SET, 51 * MIB, aid=child)


@pytest.mark.parametrize(
    ("above", "asked"),
    [
        ({"ram": 64 * MIB}, {"ram": 64 * MIB + 1}),
        ({"pids": 10}, {"pids": 11}),
        ({"cpu_weight": 50}, {"cpu_weight": 51}),
        ({}, {"cpu_weight": 101}),
        ({}, {"ram_min": 1}),
        ({"net_total": 100}, {"net_total": 101}),
    ],
    ids=str,
)
def test_a_child_has_no_more(
    run: Run, key: SecretKey, above: dict[str, int], asked: dict[str, int]
) -> None:
    quotas = {QuotaKind[name.upper()]: limit for name, limit in asked.items()}
    below = Manifest("below", "quotas", quotas=quotas).sign(key)

    def body() -> None:
        os._exit(failure(lambda: syscalls.spawn(below)))

    assert run(body, **above).ended() == errno.EPERM


@pytest.mark.parametrize(
    ("kind", "limit"), [("cpu_weight", 0), ("cpu_weight", 10001), ("ram_min", QUOTA_UNLIMITED)]
)
def test_no_limit_of_this_kind(run: Run, kind: str, limit: int) -> None:
    agent = run(pause)
    code = failure(
        lambda: syscalls.quota(QuotaKind[kind.upper()], QuotaOp.SET, limit, aid=agent.aid)
    )
    assert code == errno.EINVAL


@pytest.mark.parametrize("op", [QuotaOp.DEBIT, QuotaOp.RESERVE, QuotaOp.SETTLE])
def test_what_the_kernel_counts_nobody_else_does(run: Run, op: QuotaOp) -> None:
    """Else a child that is not there could keep its parent from spawning."""
    agent = run(pause)
    charged = [
        kind
        for kind in QuotaKind
        if failure(lambda k=kind: syscalls.quota(k, op, 1, aid=agent.aid, lifetime_ns=10**9))
        != errno.EOPNOTSUPP
    ]
    assert charged == [QuotaKind.INFERENCE_TOKENS]
    assert FS.budget(agent.aid, QuotaKind.CHILDREN).used == 0


def test_out_of_memory_an_agent_dies_alone(run: Run) -> None:
    """With all its tasks, the one that took nothing too; the neighbour is not asked for any."""
    counter = Counter()
    neighbour = run(forever(counter), ram=64 * MIB)

    def bomb() -> None:
        if os.fork() == 0:
            signal.pause()
        take(256 * MIB)

    agent = run(bomb, ram=48 * MIB)
    assert agent.ended() == -signal.SIGKILL
    until(lambda: over(agent.aid, "ram") != [])
    assert '"decision":"denied"' in over(agent.aid, "ram")[0]
    assert FS.budget(agent.aid, QuotaKind.RAM).high_water <= 48 * MIB
    moves(counter)
    assert FS.budget(neighbour.aid, QuotaKind.RAM).stalls == 0
    assert over(neighbour.aid, "ram") == []


def test_a_fork_bomb_is_as_big_as_its_budget(run: Run) -> None:
    counter = Counter()
    refused = Counter()
    run(forever(counter), pids=4)

    def bomb() -> None:
        while True:
            try:
                if os.fork() == 0:
                    signal.pause()
            except BlockingIOError:
                refused.step()
                signal.pause()

    agent = run(bomb, pids=10)
    until(lambda: refused.value > 0)
    budget = FS.budget(agent.aid, QuotaKind.PIDS)
    assert (budget.used, budget.high_water) == (10, 10)
    assert budget.stalls > 0
    until(lambda: len(over(agent.aid, "pids")) == 1)
    moves(counter)


def test_a_disk_of_memory_is_filled_at_ones_own_expense(run: Run) -> None:
    """/tmp is a tmpfs here."""

    def fill() -> None:
        with Path("/tmp/quotas/much").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(MIB))

    agent = run(fill, ram=32 * MIB)
    assert agent.ended() == -signal.SIGKILL
    assert Path("/tmp/quotas/much").stat().st_size < 33 * MIB
    Path("/tmp/quotas/much").unlink()


def test_who_runs_longer_than_it_may_waits(run: Run) -> None:
    agent = run(forever(Counter()), cpu=50_000)
    until(lambda: FS.budget(agent.aid, QuotaKind.CPU).stalls > 2)
    assert FS.budget(agent.aid, QuotaKind.CPU).used > 0
    until(lambda: len(over(agent.aid, "cpu")) == 1)


def test_a_group_is_kept_what_its_agents_are(run: Run, key: SecretKey) -> None:
    """A tenant's group keeps as much as those beneath it together."""
    one = run(pause, ram_min=4 * MIB)
    two = run(pause, ram_min=6 * MIB)
    assert [(path / "memory.min").read_text() for path in (TOP, TOP.parent)] == [
        f"{10 * MIB}\n",
        f"{10 * MIB}\n",
    ]
    syscalls.quota(QuotaKind.RAM_MIN, QuotaOp.SET, MIB, aid=two.aid)
    assert (TOP / "memory.min").read_text() == f"{5 * MIB}\n"
    syscalls.cap_revoke(one.aid, terminate=True)
    until(lambda: (TOP / "memory.min").read_text() == f"{MIB}\n")


@pytest.fixture
def sink() -> Iterator[int]:
    """A port where bytes are taken and thrown away, by somebody outside every agent."""
    listening = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if child == 0:
        while True:
            connected, _ = listening.accept()
            while connected.recv(1 << 16):
                pass
            connected.close()
    yield listening.getsockname()[1]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    listening.close()


def sender(port: int, size: int, way: str) -> Callable[[], None]:
    """Sends as much as it may, one way or another; exits with the errno."""

    def body() -> None:
        out = socket.create_connection(("127.0.0.1", port))
        source = os.memfd_create("bytes")
        os.ftruncate(source, size)
        read, write = os.pipe()
        ways: dict[str, Callable[[], object]] = {
            "send": lambda: out.send(bytes(size)),
            "write": lambda: os.write(out.fileno(), bytes(size)),
            "sendfile": lambda: os.sendfile(out.fileno(), source, 0, size),
            "splice": lambda: os.splice(
                read, out.fileno(), os.splice(source, write, size, offset_src=0)
            ),
        }
        while True:
            ways[way]()

    return body


@pytest.mark.parametrize("way", ["send", "write", "sendfile", "splice"])
def test_no_byte_more_than_it_may_in_all(run: Run, sink: int, way: str) -> None:
    agent = run(sender(sink, 4000, way), net_total=100_000)
    assert agent.ended() == errno.EDQUOT
    budget = FS.budget(agent.aid, QuotaKind.NET_TOTAL)
    assert 90_000 < budget.used <= 100_000
    until(lambda: over(agent.aid, "net_total") != [])


def test_who_sends_more_than_it_may_a_second_waits(run: Run, sink: int) -> None:
    agent = run(sender(sink, 1000, "send"), net=20_000)
    until(lambda: FS.budget(agent.aid, QuotaKind.NET).stalls > 3)
    until(lambda: len(over(agent.aid, "net")) == 1)
    assert "denied" not in over(agent.aid, "net")[0]
    # What waits is killed as anything is.
    syscalls.cap_revoke(agent.aid, terminate=True)
    assert agent.ended() == -signal.SIGKILL


def test_what_arrives_is_counted(run: Run) -> None:
    """However it is read: the splice of a socket asks no hook."""
    reading = Counter()

    def body() -> None:
        listening = socket.create_server(("127.0.0.1", 7177))
        reading.step()
        connected, _ = listening.accept()
        read, write = os.pipe()
        while os.splice(connected.fileno(), write, 4096):
            os.read(read, 4096)

    agent = run(body, net_total=50_000)
    until(lambda: reading.value > 0)
    out = socket.create_connection(("127.0.0.1", 7177))
    out.settimeout(1)
    assert failure(lambda: out.sendall(bytes(8 * MIB))) != 0
    assert FS.budget(agent.aid, QuotaKind.NET_TOTAL).used <= 50_000
    out.close()


def test_what_a_child_sends_is_its_parents_too(run: Run, key: SecretKey, sink: int) -> None:
    caps = tuple(map(parse, CAPS[1:]))
    below = Manifest("below", "quotas", capabilities=caps).sign(key)

    def body() -> None:
        child = os.fork()
        if child == 0:
            syscalls.spawn(below, enter=True)
            os._exit(failure(sender(sink, 4000, "send")))
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    agent = run(body, net_total=40_000)
    assert agent.ended() == errno.EDQUOT
    assert FS.budget(agent.aid, QuotaKind.NET_TOTAL).used > 30_000


def test_a_limit_that_was_lifted_is_lifted_for_who_waits(run: Run, sink: int) -> None:
    agent = run(sender(sink, 100_000, "send"), net=1)
    until(lambda: FS.budget(agent.aid, QuotaKind.NET).stalls > 0)
    before = FS.budget(agent.aid, QuotaKind.NET).used
    syscalls.quota(QuotaKind.NET, QuotaOp.SET, QUOTA_UNLIMITED, aid=agent.aid)
    until(lambda: FS.budget(agent.aid, QuotaKind.NET).used > before + 10**6)
