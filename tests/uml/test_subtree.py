# SPDX-License-Identifier: Apache-2.0
"""Budgets that controllers keep hold for an agent with all its descendants. Runs in a guest."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut import syscalls
from pycoconut.abi import Lane, QuotaKind, QuotaOp
from pycoconut.aid import format_aid
from pycoconut.caps import parse
from pycoconut.daemon.live import enter
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import FS, Counter, Inside, disk, failure, lines, moves, until
from tests.uml.test_quotas import MIB, Run, pause, take

TENANT = "subtree"
TOP = Path("/sys/fs/cgroup/coconut") / TENANT
CAPS = tuple(map(parse, ("agent:children/16:spawn,signal", "fs:/dev/loop0:read_file")))
CHILDREN = 4
DEPTH = 32
EXIT = 60
"""x86-64: of one thread; Python ends them all."""


@pytest.fixture(scope="module")
def key() -> SecretKey:
    made = SecretKey.make("test-subtree")
    FS.add_authorizer(PublicKey(made.public.raw, "test-subtree"))
    return made


@pytest.fixture
def run(key: SecretKey) -> Iterator[Run]:
    """Runs a body in an agent with budgets; the agents end with the test."""
    made: list[Inside] = []

    def start(body: Callable[[], None], **quotas: int) -> Inside:
        kinds = {QuotaKind[name.upper()]: limit for name, limit in quotas.items()}
        manifest = Manifest("above", TENANT, capabilities=CAPS, quotas=kinds).sign(key)
        made.append(Inside(manifest, body))
        return made[-1]

    yield start
    for one in made:
        one.end()


@pytest.fixture
def below(key: SecretKey) -> bytes:
    """The manifest of a child; its limits are its parent's."""
    return Manifest("below", TENANT, capabilities=CAPS).sign(key)


def child(manifest: bytes, body: Callable[[], object]) -> None:
    """Runs it in a new agent, by a task of its own."""
    if os.fork() == 0:
        try:
            syscalls.spawn(manifest, enter=True)
            body()
        finally:
            os._exit(1)


def beat(counter: Counter) -> None:
    """Lives, and leaves the CPU to others."""
    while True:
        counter.step()
        time.sleep(0.02)


def burn(go: Counter) -> None:
    """Is busy from then on."""
    while not go.value:
        time.sleep(0.02)
    while True:
        pass


def group(*aids: int) -> Path:
    """Of the last of them; each is the parent of the next."""
    return TOP.joinpath(*map(format_aid, aids))


def procs(path: Path) -> list[str]:
    return (path / "cgroup.procs").read_text().split()


def threads(path: Path) -> list[str]:
    """Live ones: of a process whose leader has ended cgroup.procs says what it likes."""
    return (path / "cgroup.threads").read_text().split()


def children(aid: int, count: int) -> list[int]:
    """As soon as there are so many."""
    until(lambda: len(FS.children(aid)) == count)
    return sorted(FS.children(aid))


def over(aid: int, kind: str) -> list[str]:
    return lines(aid, '"event":"quota"', f"{format_aid(aid)} {kind} over")


# ---- one budget, however many there are ----


def test_children_have_no_more_memory_than_their_parent(run: Run, below: bytes) -> None:
    took = [Counter() for _ in range(CHILDREN)]

    def eat(counter: Counter) -> None:
        take(20 * MIB)
        counter.step()
        signal.pause()

    def body() -> None:
        for counter in took:
            child(below, lambda mine=counter: eat(mine))
        signal.pause()

    agent = run(body, ram=40 * MIB)
    until(lambda: FS.budget(agent.aid, QuotaKind.CHILDREN).high_water == CHILDREN)

    def settled() -> bool:
        dead = CHILDREN - len(FS.children(agent.aid))
        return sum(counter.value for counter in took) + dead >= CHILDREN

    until(settled)
    assert len(FS.children(agent.aid)) < CHILDREN
    assert FS.budget(agent.aid, QuotaKind.RAM).high_water <= 40 * MIB
    until(lambda: FS.budget(agent.aid, QuotaKind.RAM).stalls > 0 and over(agent.aid, "ram") != [])


def test_who_is_out_of_its_parents_memory_dies_alone(run: Run, below: bytes) -> None:
    """The limit that does not suffice is the parent's; neither it nor a sibling ends for that."""
    above, beside = Counter(), Counter()

    def bomb() -> None:
        if os.fork() == 0:
            signal.pause()
        take(64 * MIB)

    def body() -> None:
        child(below, lambda: beat(beside))
        while not beside.value:
            time.sleep(0.01)
        child(below, bomb)
        beat(above)

    agent = run(body, ram=40 * MIB)
    until(lambda: FS.budget(agent.aid, QuotaKind.CHILDREN).high_water == 2)
    (left,) = children(agent.aid, 1)
    moves(above)
    moves(beside)
    assert procs(group(agent.aid, left)) != []
    assert FS.budget(left, QuotaKind.RAM).stalls == 0
    assert over(left, "ram") == []


def test_a_child_over_its_own_limit_is_no_matter_of_its_parent(run: Run, key: SecretKey) -> None:
    small = Manifest("small", TENANT, quotas={QuotaKind.RAM: 16 * MIB}).sign(key)
    agent = run(lambda: (child(small, lambda: take(24 * MIB)), pause())[0], ram=64 * MIB)
    until(lambda: FS.budget(agent.aid, QuotaKind.CHILDREN).high_water == 1)
    children(agent.aid, 0)
    assert FS.budget(agent.aid, QuotaKind.RAM).stalls == 0
    assert over(agent.aid, "ram") == []
    assert agent.state().name == "ACTIVE"


def test_a_fork_bomb_of_many_agents_is_as_big_as_one(run: Run, below: bytes) -> None:
    refused = [Counter() for _ in range(CHILDREN)]

    def bomb(counter: Counter) -> None:
        while True:
            try:
                if os.fork() == 0:
                    signal.pause()
            except BlockingIOError:
                counter.step()
                signal.pause()

    def body() -> None:
        for counter in refused:
            child(below, lambda mine=counter: bomb(mine))
        signal.pause()

    agent = run(body, pids=20)
    until(lambda: all(counter.value for counter in refused))
    tasks = [FS.status(aid).tasks for aid in (agent.aid, *children(agent.aid, CHILDREN))]
    assert sum(tasks) == 20
    budget = FS.budget(agent.aid, QuotaKind.PIDS)
    assert (budget.used, budget.high_water) == (20, 20)
    assert budget.stalls >= CHILDREN


def test_children_run_no_longer_than_their_parent_may(run: Run, below: bytes) -> None:
    go = Counter()

    def body() -> None:
        for _ in range(CHILDREN):
            child(below, lambda: burn(go))
        signal.pause()

    agent = run(body)
    aids = children(agent.aid, CHILDREN)
    syscalls.quota(QuotaKind.CPU, QuotaOp.SET, 100_000, aid=agent.aid)
    go.step()
    until(lambda: FS.budget(agent.aid, QuotaKind.CPU).stalls > 0)
    before = sum(FS.budget(aid, QuotaKind.CPU).used for aid in aids), time.monotonic()
    time.sleep(3)
    used = sum(FS.budget(aid, QuotaKind.CPU).used for aid in aids) - before[0]
    assert used < 150_000 * (time.monotonic() - before[1])


def test_children_are_no_greater_share_of_the_tenant(run: Run, below: bytes) -> None:
    """An agent with busy children against one that is busy alone."""
    go = Counter()

    def body() -> None:
        for _ in range(CHILDREN):
            child(below, lambda: burn(go))
        signal.pause()

    alone = run(lambda: burn(go))
    many = run(body)
    aids = children(many.aid, CHILDREN)
    before = {aid: FS.budget(aid, QuotaKind.CPU).used for aid in (alone.aid, *aids)}

    def gained(aid: int) -> int:
        return FS.budget(aid, QuotaKind.CPU).used - before[aid]

    go.step()
    until(lambda: gained(alone.aid) > 200_000)
    assert sum(map(gained, aids)) < 2 * gained(alone.aid)


def test_children_read_no_faster_from_a_disk(run: Run, below: bytes) -> None:
    size, rate = MIB, MIB // 2
    done = [Counter() for _ in range(2)]

    def read(path: Path, counter: Counter) -> None:
        file = os.open(path, os.O_RDONLY | os.O_DIRECT)
        while os.preadv(file, [mmap.mmap(-1, MIB // 16)], counter.value * (MIB // 16)):
            counter.step()
        signal.pause()

    def body(path: Path) -> None:
        for counter in done:
            child(below, lambda mine=counter: read(path, mine))
        signal.pause()

    with disk(size) as path:
        start = time.monotonic()
        agent = run(lambda: body(path), io=rate)
        assert f"7:0 rbps={rate} wbps={rate}" in (group(agent.aid) / "io.max").read_text()
        until(lambda: all(counter.value == 16 for counter in done))
        spent = time.monotonic() - start
        assert FS.budget(agent.aid, QuotaKind.IO).used == len(done) * size
        syscalls.cap_revoke(agent.aid, terminate=True)
        agent.ended()
    assert spent > 0.8 * len(done) * size / rate


# ---- where everybody is ----


@pytest.mark.hostile
def test_an_agent_with_children_has_its_tasks_in_a_leaf(run: Run, below: bytes) -> None:
    """All of them: threads too, those of a leader that has ended, and those born meanwhile."""
    go, stop = Counter(), Counter()

    def orphaned_thread() -> None:
        threading.Thread(target=signal.pause).start()
        ctypes.CDLL(None).syscall(EXIT, 0)

    def breed() -> None:
        while not stop.value:
            born = os.fork()
            if born == 0:
                os._exit(0)
            os.waitpid(born, 0)
        signal.pause()

    def body() -> None:
        if os.fork() == 0:
            orphaned_thread()
        for _ in range(3):
            if os.fork() == 0:
                breed()
        while not go.value:
            time.sleep(0.01)
        syscalls.spawn(below)
        signal.pause()

    agent = run(body)
    until(lambda: len(threads(group(agent.aid))) >= 5)
    assert not (group(agent.aid) / "self").exists()
    go.step()
    (aid,) = children(agent.aid, 1)
    assert threads(group(agent.aid)) == []
    stop.step()
    until(lambda: len(threads(group(agent.aid) / "self")) == 5)
    path = f"0::/coconut/{TENANT}/{format_aid(agent.aid)}/self\n"
    assert Path(f"/proc/{agent.pid}/cgroup").read_text() == path
    assert procs(group(agent.aid, aid)) == []
    until(lambda: FS.status(agent.aid).tasks == 5)


def test_who_enters_later_is_in_the_leaf_too(run: Run, below: bytes) -> None:
    agent = run(lambda: (syscalls.spawn(below), pause())[1])
    children(agent.aid, 1)
    pid = os.fork()
    if pid == 0:
        enter(agent.aid)
        signal.pause()
    until(lambda: str(pid) in procs(group(agent.aid) / "self"))
    syscalls.cap_revoke(agent.aid, terminate=True)
    os.waitpid(pid, 0)


def test_who_cannot_enter_a_child_is_in_its_own_leaf_again(run: Run, below: bytes) -> None:
    go = Counter()

    def body() -> None:
        aid = syscalls.spawn(below).aid
        while not go.value:
            time.sleep(0.01)
        if os.fork() == 0:
            os._exit(failure(lambda: enter(aid)) != errno.EBUSY or pause() or 0)
        signal.pause()

    agent = run(body)
    (aid,) = children(agent.aid, 1)
    FS.quarantine(aid)
    go.step()
    until(lambda: len(procs(group(agent.aid) / "self")) == 2)
    assert procs(group(agent.aid, aid)) == []


def test_the_tree_of_agents_is_the_tree_of_groups(run: Run, below: bytes) -> None:
    """As deep as agents may stand; one more is refused, and all of it goes at once."""
    refused = Counter()

    def descend(depth: int) -> None:
        if depth == DEPTH:
            if failure(lambda: syscalls.spawn(below)) == errno.EDQUOT:
                refused.step()
        elif os.fork() == 0:
            syscalls.spawn(below, enter=True)
            descend(depth + 1)
        signal.pause()

    agent = run(lambda: descend(1))
    until(lambda: refused.value == 1)
    chain = [agent.aid]
    while FS.children(chain[-1]):
        chain += FS.children(chain[-1])
    assert len(chain) == DEPTH
    assert len(procs(group(*chain))) == 1  # a spawn that is refused moves nobody
    assert FS.budget(chain[-1], QuotaKind.CPU).used > 0
    syscalls.cap_revoke(agent.aid, terminate=True)
    until(lambda: not group(agent.aid).exists())


def test_the_agent_weighs_among_its_children_what_it_weighs(run: Run, key: SecretKey) -> None:
    manifest = Manifest("below", TENANT, lane=Lane.BACKGROUND).sign(key)
    agent = run(lambda: (syscalls.spawn(manifest), pause())[1], cpu_weight=50)
    (aid,) = children(agent.aid, 1)

    def weights() -> list[str]:
        paths = (group(agent.aid), group(agent.aid) / "self", group(agent.aid, aid))
        return [(path / "cpu.weight").read_text().strip() for path in paths]

    assert weights() == ["50", "50", "50"]
    syscalls.quota(QuotaKind.CPU_WEIGHT, QuotaOp.SET, 70, aid=agent.aid)
    assert weights() == ["70", "70", "50"]


# ---- limits that come later, and what is kept ----


def test_a_limit_set_on_a_parent_holds_for_all_beneath(run: Run, below: bytes) -> None:
    go, took = Counter(), Counter()

    def eat() -> None:
        while not go.value:
            time.sleep(0.01)
        take(32 * MIB)
        took.step()

    agent = run(lambda: (child(below, eat), pause())[1])
    (aid,) = children(agent.aid, 1)
    syscalls.quota(QuotaKind.RAM, QuotaOp.SET, 24 * MIB, aid=agent.aid)
    names = [group(agent.aid), group(agent.aid) / "self", group(agent.aid, aid)]
    together = [(path / "memory.oom.group").read_text().strip() for path in names]
    assert together == ["0", "1", "1"]
    assert FS.budget(aid, QuotaKind.RAM).limit == 24 * MIB
    go.step()
    children(agent.aid, 0)
    assert took.value == 0
    assert agent.state().name == "ACTIVE"


def test_a_parent_out_of_memory_ends_with_all_its_tasks(run: Run, below: bytes) -> None:
    def body() -> None:
        syscalls.spawn(below)
        if os.fork() == 0:
            signal.pause()
        take(64 * MIB)

    agent = run(body, ram=40 * MIB)
    assert agent.ended() == -signal.SIGKILL
    until(lambda: over(agent.aid, "ram") != [])
    until(lambda: not group(agent.aid).exists())


def test_what_is_kept_for_a_child_is_of_what_is_kept_for_its_parent(
    run: Run, key: SecretKey
) -> None:
    manifest = Manifest("kept", TENANT, quotas={QuotaKind.RAM_MIN: 2 * MIB}).sign(key)

    def body() -> None:
        for _ in range(3):
            syscalls.spawn(manifest)
        signal.pause()

    agent = run(body, ram_min=4 * MIB)
    aids = children(agent.aid, 3)
    paths = (TOP, group(agent.aid), group(agent.aid) / "self", group(agent.aid, aids[0]))
    kept = [int((path / "memory.min").read_text()) // MIB for path in paths]
    assert kept == [4, 4, 4, 2]
    syscalls.quota(QuotaKind.RAM_MIN, QuotaOp.SET, MIB, aid=agent.aid)
    kept = [int((path / "memory.min").read_text()) // MIB for path in paths]
    assert kept == [1, 1, 1, 1]
    syscalls.cap_revoke(agent.aid, terminate=True)
    until(lambda: int((TOP / "memory.min").read_text()) == 0)


# ---- nothing stays ----


def folders() -> int:
    """Some may go while they are counted."""
    return sum(len(names) for _, names, _ in os.walk(TOP))


def test_nothing_stays_of_a_thousand_children(run: Run, below: bytes) -> None:
    done = Counter()

    def body() -> None:
        for _ in range(1000):
            aid = syscalls.spawn(below).aid
            syscalls.cap_revoke(aid, terminate=True)
            done.step()
        signal.pause()

    other = run(pause)
    before = folders()
    agent = run(body)
    for count in range(100, 1001, 100):
        until(lambda least=count: done.value >= least)
    until(lambda: folders() == before + 2)
    assert (group(agent.aid) / "self").is_dir()
    syscalls.cap_revoke(agent.aid, terminate=True)
    until(lambda: folders() == before)
    assert other.state().name == "ACTIVE"


@pytest.mark.hostile
def test_nothing_stays_of_a_family_that_ends_at_once(run: Run, below: bytes) -> None:
    """Busy ones, at three levels, in no order; and who spawns while its agent is ended."""
    started = Counter()

    def breed() -> None:
        started.step()
        while True:
            child(below, pause)

    def body() -> None:
        for _ in range(3):
            child(below, breed)
        breed()

    run(pause)
    before = folders()
    for _ in range(5):
        agent = run(body)
        until(lambda: folders() > before + 12)
        syscalls.cap_revoke(agent.aid, terminate=True)
        until(lambda: folders() == before)
