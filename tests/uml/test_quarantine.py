# SPDX-License-Identifier: Apache-2.0
"""Quarantine: an agent stands still, holds nothing, and goes on when released. In a guest."""

from __future__ import annotations

import errno
import os
import signal
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pycoconut import syscalls
from pycoconut.abi import State
from pycoconut.aid import format_aid
from pycoconut.caps import parse
from pycoconut.daemon.live import enter
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import FS, Counter, Make, asleep, failure, lines, moves, stands, until

CAPS = ("fs:/tmp/*:read_file,write_file", "agent:children/8:spawn", "svc:tool:x:use")


@pytest.fixture(scope="module")
def signed() -> bytes:
    made = SecretKey.make("test-quarantine")
    FS.add_authorizer(PublicKey(made.public.raw, "test-quarantine"))
    return Manifest("held", "tests", capabilities=tuple(map(parse, CAPS))).sign(made)


def pause() -> None:
    signal.pause()


def forever(counter: Counter) -> Callable[[], None]:
    def body() -> None:
        while True:
            counter.step()

    return body


def test_a_busy_loop_stops_and_goes_on(inside: Make) -> None:
    counter = Counter()
    agent = inside(forever(counter))
    moves(counter)
    FS.quarantine(agent.aid)
    assert agent.state() == State.QUARANTINED
    stands(counter, [agent.pid])
    FS.release(agent.aid)
    assert agent.state() == State.ACTIVE
    moves(counter)


def test_each_transition_is_one_record(inside: Make) -> None:
    agent = inside(pause)
    FS.quarantine(agent.aid)
    FS.release(agent.aid)
    until(lambda: bool(lines(agent.aid, '"state"', "QUARANTINED>ACTIVE released")))
    assert len(lines(agent.aid, '"state"', "ACTIVE>QUARANTINED operator")) == 1
    assert len(lines(agent.aid, '"state"')) == 4


def test_signals_do_not_wake_it(inside: Make) -> None:
    counter = Counter()
    agent = inside(forever(counter))
    moves(counter)
    FS.quarantine(agent.aid)
    for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGUSR1, signal.SIGCONT):
        os.kill(agent.pid, number)
        stands(counter, [agent.pid])
    assert agent.state() == State.QUARANTINED


def test_it_can_be_killed(inside: Make) -> None:
    counter = Counter()
    agent = inside(forever(counter))
    moves(counter)
    FS.quarantine(agent.aid)
    stands(counter, [agent.pid])
    os.kill(agent.pid, signal.SIGKILL)
    until(lambda: agent.state() == State.TERMINATED_REVOKED)


def test_it_can_be_terminated(inside: Make) -> None:
    agent = inside(pause)
    FS.quarantine(agent.aid)
    until(lambda: asleep(agent.pid))
    syscalls.cap_revoke(agent.aid, terminate=True)
    assert agent.state() == State.TERMINATED_REVOKED
    assert os.waitid(os.P_PID, agent.pid, os.WEXITED | os.WNOWAIT) is not None


def test_a_sleeper_parks_and_sleeps_on(inside: Make) -> None:
    """Its pipe has an answer, which it does not come to read."""
    counter = Counter()
    reader, writer = os.pipe()

    def body() -> None:
        while os.read(reader, 1):
            counter.step()

    agent = inside(body)
    os.write(writer, b"x")
    until(lambda: counter.value == 1)
    FS.quarantine(agent.aid)
    os.write(writer, b"xxx")
    stands(counter, [agent.pid])
    FS.release(agent.aid)
    until(lambda: counter.value == 4)


def test_a_fork_bomb_stops_whole(inside: Make) -> None:
    counter = Counter()

    def body() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        generation = 0
        while True:
            counter.step()
            if generation < 6 and os.fork() == 0:
                generation += 1

    agent = inside(body)
    until(lambda: FS.status(agent.aid).tasks > 12)
    FS.quarantine(agent.aid)
    until(lambda: all(asleep(pid) for pid in tasks(agent.aid)))
    many = FS.status(agent.aid).tasks
    stands(counter, tasks(agent.aid))
    assert FS.status(agent.aid).tasks == many > 12


def tasks(aid: int) -> list[int]:
    """PIDs of an agent, as their credentials say."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name = (entry / "attr/current").read_text()
            except OSError:
                continue
            if name.strip("\0\n") == format_aid(aid):
                found.append(int(entry.name))
    return found


def test_threads_stop(inside: Make) -> None:
    counter = Counter()

    def body() -> None:
        for _ in range(4):
            threading.Thread(target=forever(counter), daemon=True).start()
        pause()

    agent = inside(body)
    moves(counter)
    FS.quarantine(agent.aid)
    stands(counter, [agent.pid])
    FS.release(agent.aid)
    moves(counter)


def test_children_stop_with_it(inside: Make, signed: bytes) -> None:
    """One that was quarantined for itself stays so when its parent is released."""
    counter = Counter()
    reader, writer = os.pipe()

    def body() -> None:
        if os.fork() == 0:
            aid = syscalls.spawn(signed, enter=True).aid
            os.write(writer, struct.pack("Q", aid))
            forever(counter)()
        pause()

    parent = inside(body)
    child = int(struct.unpack("Q", os.read(reader, 8))[0])
    moves(counter)
    FS.quarantine(parent.aid)
    assert FS.status(child).state == State.ACTIVE
    stands(counter, tasks(child))
    with pytest.raises(PermissionError):
        syscalls.cap_present(child, parse("svc:tool:x:use").encode())
    FS.quarantine(child)
    FS.release(parent.aid)
    stands(counter, tasks(child))
    FS.release(child)
    moves(counter)


def test_nothing_is_held_meanwhile(inside: Make) -> None:
    """Nor by what was decided before: its epoch moves."""
    agent = inside(pause)
    request = parse("svc:tool:x:use").encode()
    assert syscalls.cap_present(agent.aid, request).id
    epoch = FS.status(agent.aid).epoch
    FS.quarantine(agent.aid)
    assert FS.status(agent.aid).epoch > epoch
    with pytest.raises(PermissionError):
        syscalls.cap_present(agent.aid, request)
    FS.release(agent.aid)
    assert FS.status(agent.aid).epoch > epoch + 1
    assert syscalls.cap_present(agent.aid, request).id


def test_what_is_open_is_decided_anew(inside: Make) -> None:
    """The decision that the open file remembers is older than the quarantine."""
    path = Path("/tmp/quarantine")
    path.write_text("x" * 8)
    reader, writer = os.pipe()
    counter = Counter()

    def body() -> None:
        file = os.open(path, os.O_RDONLY)
        while os.read(reader, 1):
            os.pread(file, 4, 0)
            counter.step()

    def uses() -> int:
        return len(lines(agent.aid, '"access"', f'"{path}"'))

    agent = inside(body)
    os.write(writer, b"xx")
    until(lambda: counter.value == 2)
    until(lambda: uses() == 1)
    FS.quarantine(agent.aid)
    FS.release(agent.aid)
    os.write(writer, b"x")
    until(lambda: counter.value == 3)
    until(lambda: uses() == 2)


def test_nobody_enters_it(signed: bytes) -> None:
    aid = syscalls.spawn(signed).aid
    FS.quarantine(aid)
    pid = os.fork()
    if pid == 0:
        try:
            enter(aid)
        except OSError as error:
            os._exit(error.errno or 255)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == errno.EBUSY
    FS.release(aid)
    assert FS.status(aid).state == State.ATTESTED
    syscalls.cap_revoke(aid, terminate=True)


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (["release"], [errno.EINVAL]),
        (["quarantine", "quarantine"], [0, errno.EALREADY]),
        (["sleep", "quarantine\nrelease", "x" * 300], [errno.EINVAL] * 3),
    ],
)
def test_words(signed: bytes, words: list[str], codes: list[int]) -> None:
    aid = syscalls.spawn(signed).aid
    assert [write(aid, word) for word in words] == codes
    syscalls.cap_revoke(aid, terminate=True)
    assert write(aid, "quarantine") == errno.EINVAL


def write(aid: int, word: str) -> int:
    def attempt() -> None:
        with (FS.directory(aid) / "status").open("wb", buffering=0) as file:
            file.write(word.encode())

    return failure(attempt)


def test_the_boot_agent_is_not_frozen() -> None:
    assert write(0, "quarantine") == errno.EINVAL


def test_an_agent_writes_none(inside: Make) -> None:
    """Not even of its child."""

    def body() -> None:
        with Path("/agent/live/a:00000/status").open() as file:
            file.read()

    def own() -> None:
        (name,) = os.listdir("/agent/live")
        with Path(f"/agent/live/{name}/status").open("wb", buffering=0) as file:
            file.write(b"release\n")

    for body_, code in ((body, errno.ENOENT), (own, errno.EACCES)):
        agent = inside(body_)
        assert agent.ended() == code
