# SPDX-License-Identifier: Apache-2.0
"""Approval: uses that wait for somebody's answer, through the real kernel. Runs in a guest."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut import caps, syscalls
from pycoconut.abi import State
from pycoconut.aid import format_aid
from pycoconut.approvals import Approval, Approvals
from tests.uml.asking import NAMES, SECRET, first, manifest, reads
from tests.uml.inside import FS, Inside, Make, failure, lines, until

pytestmark = pytest.mark.usefixtures("asks_freely", "nothing_stays_asked")

SERVICE = "svc:tool:pay:use"


@pytest.fixture(scope="module")
def signed() -> bytes:
    return manifest()


def test_what_is_allowed_goes_on(inside: Make, queue: Approvals) -> None:
    """For that open file, with one request, one answer and one decision."""
    agent = inside(reads)
    one = first(queue, agent.aid)
    assert (one.kind, one.rights, one.object) == ("fs", ("read_file",), bytes(SECRET))
    assert (one.pid, one.waits) == (agent.pid, True)
    assert one.seconds <= FS.limits()["approval_seconds"]
    assert FS.status(agent.aid).denials == 0
    queue.answer(one.id, True)
    assert agent.ended() == 0
    until(lambda: bool(lines(agent.aid, '"exit"')))
    assert len(lines(agent.aid, '"ask"', f'"{one.id} {SECRET}"')) == 1
    (answer,) = lines(0, '"answer"', f'"{one.id} {format_aid(agent.aid)} allow')
    assert f"uid 0 pid {os.getpid()}" in answer
    assert json.loads(answer)["result"] == 0
    (use,) = lines(agent.aid, '"access"', f'"{SECRET}"')
    assert json.loads(use)["decision"] == "allowed"


def test_what_is_denied_is_refused(inside: Make, queue: Approvals) -> None:
    agent = inside(reads)
    one = first(queue, agent.aid)
    queue.answer(one.id, False)
    assert agent.ended() == errno.EACCES
    until(lambda: bool(lines(agent.aid, '"exit"')))
    (answer,) = lines(0, '"answer"', f'"{one.id} {format_aid(agent.aid)} deny')
    assert json.loads(answer)["result"] == -errno.EPERM
    assert len(lines(agent.aid, '"access"', '"denied"')) == 1
    assert FS.status(agent.aid).denials == 1


def test_nobody_answers(inside: Make, queue: Approvals) -> None:
    FS.set_limit("approval_seconds", 1)
    agent = inside(reads)
    assert agent.ended() == errno.EACCES
    until(lambda: bool(lines(0, '"answer"', f"{format_aid(agent.aid)} timeout")))
    assert len(lines(agent.aid, '"access"', '"denied"')) == 1
    assert queue.read() == []


def test_the_next_use_asks_again(inside: Make, queue: Approvals) -> None:
    def body() -> None:
        reads()
        reads()

    agent = inside(body)
    one = first(queue, agent.aid)
    queue.answer(one.id, True)
    until(lambda: first(queue, agent.aid).id > one.id)
    queue.answer(first(queue, agent.aid).id, False)
    assert agent.ended() == errno.EACCES


def test_killed_while_it_waits(inside: Make, queue: Approvals) -> None:
    def body() -> None:
        signal.signal(signal.SIGUSR1, lambda *_: None)
        reads()

    agent = inside(body)
    one = first(queue, agent.aid)
    os.kill(agent.pid, signal.SIGUSR1)
    assert first(queue, agent.aid).id == one.id
    os.kill(agent.pid, signal.SIGKILL)
    assert agent.ended() == -signal.SIGKILL
    assert queue.read() == []
    with pytest.raises(FileNotFoundError):
        queue.answer(one.id, True)
    until(lambda: bool(lines(0, '"answer"', f'"{one.id} {format_aid(agent.aid)} withdrawn')))


def test_terminated_while_it_waits(inside: Make, queue: Approvals) -> None:
    agent = inside(reads)
    first(queue, agent.aid)
    syscalls.cap_revoke(agent.aid, terminate=True)
    os.waitid(os.P_PID, agent.pid, os.WEXITED | os.WNOWAIT)
    assert queue.read() == []


def test_revoked_while_it_waits(inside: Make, queue: Approvals) -> None:
    """The request goes with the capability: there is nothing left to approve."""
    agent = inside(reads)
    one = first(queue, agent.aid)
    (held,) = [cap for cap in FS.caps(agent.aid) if "/tmp/approvals" in cap.text]
    syscalls.cap_revoke(agent.aid, held.id)
    assert agent.ended() == errno.EACCES
    until(lambda: bool(lines(0, '"answer"', f'"{one.id} {format_aid(agent.aid)} withdrawn')))
    assert len(lines(agent.aid, '"access"', f'"{SECRET}"', '"denied"')) == 1


def test_something_else_revoked_while_it_waits(inside: Make, queue: Approvals) -> None:
    """The request stays. What is open is decided anew after any revoke, so reading asks again."""
    agent = inside(reads)
    one = first(queue, agent.aid)
    (held,) = [cap for cap in FS.caps(agent.aid) if cap.text.startswith("fs:/usr")]
    syscalls.cap_revoke(agent.aid, held.id)
    assert first(queue, agent.aid).id == one.id
    queue.answer(one.id, True)
    until(lambda: first(queue, agent.aid).id > one.id)
    queue.answer(first(queue, agent.aid).id, True)
    assert agent.ended() == 0


def test_expired_while_it_waits(inside: Make, queue: Approvals) -> None:
    """An answer that comes late allows nothing."""
    Path("/tmp/approvals/expires").write_text("x")

    def body() -> None:
        os.kill(os.getpid(), signal.SIGSTOP)
        os.open("/tmp/approvals/expires", os.O_RDONLY)

    def asks(seconds: int) -> tuple[Inside, list[Approval]]:
        agent = inside(body)
        os.waitid(os.P_PID, agent.pid, os.WSTOPPED)
        (held,) = [cap.id for cap in FS.caps(agent.aid) if "approvals" in cap.text]
        assert syscalls.cap_revoke(agent.aid, held) == 1
        text = f"fs:/tmp/approvals/expires:read_file;expires={seconds}s;approval"
        syscalls.cap_grant(agent.aid, caps.parse(text).encode())
        os.kill(agent.pid, signal.SIGCONT)
        until(lambda: bool(queue.read()) or FS.status(agent.aid).denials > 0)
        return agent, queue.read()

    # On a busy machine it may have run out before it is asked about.
    for seconds in (2, 8, 32):
        agent, asked = asks(seconds)
        if asked:
            break
    time.sleep(seconds)
    queue.answer(asked[0].id, True)
    assert agent.ended() == errno.EACCES
    assert len(lines(agent.aid, '"access"', '"denied"')) == 1


def test_quarantined_while_it_waits(inside: Make, queue: Approvals) -> None:
    agent = inside(reads)
    first(queue, agent.aid)
    FS.quarantine(agent.aid)
    until(lambda: not queue.read())
    assert FS.status(agent.aid).state == State.QUARANTINED
    FS.release(agent.aid)
    assert agent.ended() == errno.EACCES


def test_an_approval_sends_it_back_to_work(inside: Make, queue: Approvals) -> None:
    FS.set_limit("denials", 1)

    def body() -> None:
        assert failure(lambda: os.open("/etc/shadow", os.O_RDONLY)) == errno.EACCES
        reads()
        signal.pause()

    agent = inside(body)
    one = first(queue, agent.aid)
    assert FS.status(agent.aid).state == State.CAP_DENIED
    queue.answer(one.id, True)
    until(lambda: FS.status(agent.aid).state == State.ACTIVE)
    until(lambda: bool(lines(agent.aid, "CAP_DENIED>ACTIVE approved")))


def test_who_cannot_wait_may_try_again(inside: Make, queue: Approvals) -> None:
    """With a directory locked nobody parks: it is denied, and let through once when allowed."""
    path = NAMES / "made"
    reader, writer = os.pipe()
    codes, code = os.pipe()

    def body() -> None:
        while os.read(reader, 1):
            os.write(code, bytes([failure(lambda: path.mkdir())]))

    def attempt() -> int:
        os.write(writer, b"x")
        return os.read(codes, 1)[0]

    agent = inside(body)
    assert attempt() == errno.EACCES
    one = first(queue, agent.aid)
    assert (one.waits, one.rights, one.object) == (False, ("make_dir",), bytes(path))
    assert attempt() == errno.EACCES
    assert [other.id for other in queue.read()] == [one.id]
    queue.answer(one.id, True)
    assert attempt() == 0
    assert path.is_dir()
    path.rmdir()
    assert attempt() == errno.EACCES
    assert first(queue, agent.aid).id > one.id


def test_an_operation_may_need_two(inside: Make, queue: Approvals) -> None:
    """What was approved for one half of a move is not used up when the other is refused."""
    old, new = NAMES / "old", NAMES / "new"
    old.mkdir()
    reader, writer = os.pipe()
    codes, code = os.pipe()

    def body() -> None:
        while os.read(reader, 1):
            os.write(code, bytes([failure(lambda: os.rename(old, new))]))

    def attempt() -> int:
        os.write(writer, b"x")
        return os.read(codes, 1)[0]

    agent = inside(body)
    for path, right in ((old, "remove_dir"), (new, "make_dir")):
        assert attempt() == errno.EACCES
        one = first(queue, agent.aid)
        assert (one.waits, one.rights, one.object) == (False, (right,), bytes(path))
        queue.answer(one.id, True)
    assert attempt() == 0
    assert new.is_dir()
    assert not old.exists()
    new.rename(old)
    assert attempt() == errno.EACCES, "each was good for one move"
    assert len(lines(agent.aid, '"access"', '"denied"')) == 3
    old.rmdir()


@pytest.fixture
def rests(tmp_path: Path) -> Iterator[Path]:
    """A group of the controller that puts tasks to rest as suspending the machine does."""
    group = tmp_path / "rests"
    subprocess.run(["mount", "-t", "cgroup", "-o", "freezer", "none", tmp_path], check=True)
    group.mkdir()
    yield group
    (group / "freezer.state").write_text("THAWED")
    subprocess.run(["umount", "-l", tmp_path], check=True)


def test_who_waits_is_suspended_with_the_machine(
    inside: Make, queue: Approvals, rests: Path
) -> None:
    agent = inside(reads)
    one = first(queue, agent.aid)
    state = rests / "freezer.state"
    (rests / "cgroup.procs").write_text(str(agent.pid))
    state.write_text("FROZEN")
    assert (rests / "cgroup.procs").read_text() == f"{agent.pid}\n"
    until(lambda: state.read_text() == "FROZEN\n")
    queue.answer(one.id, True)
    state.write_text("THAWED")
    assert agent.ended() == 0


def test_presenting_waits(inside: Make, queue: Approvals) -> None:
    """On the capability's account, and on the manifest's; the agent's account, not the broker's."""
    agent = inside(lambda: signal.pause())
    for text in (SERVICE, "svc:tool:listed:use"):
        for allow in (True, False):
            request = caps.parse(text).encode()
            told: list[int] = []

            def present(request: bytes = request, told: list[int] = told) -> None:
                told.append(failure(lambda: syscalls.cap_present(agent.aid, request)))

            broker = threading.Thread(target=present)
            broker.start()
            one = first(queue, agent.aid)
            assert one.object == text.encode()
            queue.answer(one.id, allow)
            broker.join(60)
            assert told == [0 if allow else errno.EPERM]
    until(lambda: len(lines(agent.aid, '"present"')) == 4)
    assert len(lines(agent.aid, '"present"', '"denied"')) == 2


def test_a_connection_is_approved_of_once(inside: Make, queue: Approvals) -> None:
    """What is sent on it needs no other answer."""
    with socket.create_server(("127.0.0.1", 7)) as server:

        def body() -> None:
            with socket.socket() as stream:
                stream.connect(("127.0.0.1", 7))
                stream.sendall(b"x")
                stream.sendall(b"y")

        agent = inside(body)
        one = first(queue, agent.aid)
        assert (one.kind, one.rights, one.object) == ("net", ("connect",), b"tcp/127.0.0.1:7")
        queue.answer(one.id, True)
        with server.accept()[0] as stream:
            until(lambda: stream.recv(2, socket.MSG_PEEK) == b"xy")
        assert agent.ended() == 0
    assert len(lines(agent.aid, '"ask"')) == 1


def test_a_program_and_its_loader_are_approved_of(inside: Make, queue: Approvals) -> None:
    agent = inside(lambda: os.execv("/usr/bin/true", ["true"]))
    asked = []
    while FS.status(agent.aid).state < State.TERMINATED_CLEAN:
        for one in queue.read():
            asked.append(one.object)
            assert (one.kind, one.rights) == ("exec", ("run",))
            queue.answer(one.id, True)
        time.sleep(0.01)
    assert agent.ended() == 0
    assert asked[0] == b"/usr/bin/true"
    assert len(asked) == len(set(asked)) == 2


def test_what_is_not_held_is_not_asked_about(inside: Make, queue: Approvals) -> None:
    agent = inside(lambda: os.close(os.open("/etc/shadow", os.O_RDONLY)))
    assert agent.ended() == errno.EACCES
    assert not lines(agent.aid, '"ask"')
    broker_for = inside(lambda: signal.pause())
    with pytest.raises(PermissionError):
        syscalls.cap_present(broker_for.aid, caps.parse("svc:no:use").encode())
    assert not lines(broker_for.aid, '"ask"')


def test_what_is_used_up_is_not_asked_about(inside: Make) -> None:
    agent = inside(lambda: signal.pause())
    request = caps.parse("svc:tool:few:use")
    syscalls.cap_present(agent.aid, request.encode())
    with pytest.raises(PermissionError):
        syscalls.cap_present(agent.aid, request.encode())
    assert not lines(agent.aid, '"ask"')


def many(count: int) -> Callable[[], None]:
    def body() -> None:
        for _ in range(count):
            if os.fork() == 0:
                os._exit(failure(lambda: os.open(SECRET, os.O_RDONLY)))
        while failure(lambda: os.wait()) != errno.ECHILD:
            pass

    return body


def test_a_flood_is_bounded(inside: Make, queue: Approvals) -> None:
    """And keeps nobody else from asking; nor do its children help it."""
    FS.set_limit("approval_queue", 5)
    flood = inside(many(40))
    until(lambda: len(lines(flood.aid, '"access"', '"denied"')) == 35)
    assert len([one for one in queue.read() if one.aid == flood.aid]) == 5
    assert len(lines(flood.aid, '"ask"')) == 5
    other = inside(reads)
    queue.answer(first(queue, other.aid).id, True)
    assert other.ended() == 0
    syscalls.cap_revoke(flood.aid, terminate=True)
    until(lambda: not queue.read())


def test_children_share_the_account(inside: Make, signed: bytes, queue: Approvals) -> None:
    FS.set_limit("approval_queue", 2)
    reader, writer = os.pipe()

    def body() -> None:
        for _ in range(4):
            if os.fork() == 0:
                syscalls.spawn(signed, enter=True)
                os.write(writer, bytes([failure(lambda: os.open(SECRET, os.O_RDONLY))]))
                os._exit(0)
        signal.pause()

    agent = inside(body)
    assert [os.read(reader, 1)[0] for _ in range(2)] == [errno.EACCES] * 2
    assert len(queue.read()) == 2
    syscalls.cap_revoke(agent.aid, terminate=True)
    until(lambda: not queue.read())


def test_the_rate_is_limited(inside: Make, queue: Approvals) -> None:
    FS.set_limit("approval_rate", 3)

    def body() -> None:
        for _ in range(10):
            failure(lambda: os.open(SECRET, os.O_RDONLY))

    agent = inside(body)
    for _ in range(3):
        queue.answer(first(queue, agent.aid).id, False)
    assert agent.ended() == 0
    assert len(lines(agent.aid, '"ask"')) == 3
    assert FS.status(agent.aid).denials == 10


def test_names_are_escaped(inside: Make, queue: Approvals) -> None:
    """A name cannot forge a line, nor speak to a terminal."""
    name = b'/tmp/approvals/x\n9 a:00000 1 sh waits 1 fs run \x1b[2J\xff"\\'
    Path(os.fsdecode(name)).write_text("x")

    def body() -> None:
        ctypes.CDLL(None).prctl(15, b"a 1\nb\xff")
        os.close(os.open(name, os.O_RDONLY))

    agent = inside(body)
    one = first(queue, agent.aid)
    assert one.comm == b"a 1\nb\xff"
    assert one.object == name
    assert len(queue.read()) == 1
    assert one.line.isprintable()
    queue.answer(one.id, True)
    assert agent.ended() == 0
