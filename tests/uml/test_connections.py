# SPDX-License-Identifier: Apache-2.0
"""A task that connects to the same address again and again. Runs in a guest, as root.

What was decided about the first connection is good for the next, and must be good for no
more than that.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from pycoconut import syscalls
from pycoconut.abi import AuditLevel
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import FS, Inside, failure, lines

HOST = "127.0.0.1"
CONNECT = f"net:tcp/{HOST}/32/{{}}:connect"
BACKLOG = 64


@pytest.fixture(scope="module", autouse=True)
def _codec() -> None:
    """socket loads it with the first address: an agent may not read it."""
    assert HOST.encode("idna")


@pytest.fixture(scope="module")
def key() -> SecretKey:
    made = SecretKey.make("test-connections")
    FS.add_authorizer(PublicKey(made.public.raw, "test-connections"))
    return made


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Two on which somebody listens."""
    servers = [socket.create_server((HOST, 0), backlog=BACKLOG) for _ in range(2)]
    yield [int(server.getsockname()[1]) for server in servers]
    for server in servers:
        server.close()


def connects(port: int) -> int:
    """0, or the errno."""
    with socket.socket() as near:
        return failure(lambda: near.connect((HOST, port)))


class Asked:
    """An agent whose one task does what it is asked for, and says what came of it."""

    def __init__(self, signed: bytes, *actions: Callable[[], int]) -> None:
        self.near, far = socket.socketpair()

        def body() -> None:
            self.near.close()
            while order := far.recv(1):
                far.send(bytes([actions[order[0]]()]))

        self.agent = Inside(signed, body)
        self.aid = self.agent.aid
        far.close()

    def does(self, action: int) -> int:
        self.near.send(bytes([action]))
        return self.near.recv(1)[0]

    def end(self) -> None:
        self.near.close()
        self.agent.end()


Ask = Callable[..., Asked]


@pytest.fixture
def ask(key: SecretKey) -> Iterator[Ask]:
    """Starts agents that end with the test; they record denials alone, unless told otherwise."""
    made: list[Asked] = []

    def start(held: list[str], *actions: Callable[[], int], **more: object) -> Asked:
        manifest = Manifest(
            "connects",
            "tests",
            capabilities=tuple(map(parse, held)),
            **{"audit": AuditLevel.DENIALS, **more},  # type: ignore[arg-type]
        )
        made.append(Asked(manifest.sign(key), *actions))
        return made[-1]

    yield start
    for one in made:
        one.end()


def test_the_same_again_and_nothing_else(ask: Ask, ports: list[int]) -> None:
    held, other = ports
    agent = ask([CONNECT.format(held)], lambda: connects(held), lambda: connects(other))
    for _ in range(3):
        assert agent.does(0) == 0
        assert agent.does(1) == errno.EACCES
    assert len(lines(agent.aid, '"net"', '"denied"')) == 3
    assert not lines(agent.aid, '"net"', '"allowed"')


def test_what_is_withdrawn_is_withdrawn(ask: Ask, ports: list[int]) -> None:
    agent = ask([CONNECT.format(ports[0])], lambda: connects(ports[0]))
    assert [agent.does(0) for _ in range(3)] == [0, 0, 0]
    assert syscalls.cap_revoke(agent.aid, every=True) == 1
    assert agent.does(0) == errno.EACCES
    assert len(lines(agent.aid, '"net"', '"denied"')) == 1


@pytest.mark.parametrize("more", [(), (CONNECT.format(1),)], ids=["alone", "beside-another"])
def test_each_use_counts(ask: Ask, ports: list[int], more: tuple[str, ...]) -> None:
    agent = ask([CONNECT.format(ports[0]) + ";uses=2", *more], lambda: connects(ports[0]))
    assert [agent.does(0) for _ in range(3)] == [0, 0, errno.EACCES]


def test_a_rate_holds(ask: Ask, ports: list[int]) -> None:
    agent = ask([CONNECT.format(ports[0]) + ";rate=2/600s"], lambda: connects(ports[0]))
    assert [agent.does(0) for _ in range(3)] == [0, 0, errno.EACCES]


def test_it_expires(ask: Ask, ports: list[int]) -> None:
    agent = ask([CONNECT.format(ports[0]) + ";expires=1s"], lambda: connects(ports[0]))
    end = time.monotonic() + 1.0
    assert agent.does(0) == 0
    time.sleep(max(0.0, end - time.monotonic()))
    assert agent.does(0) == errno.EACCES


def test_each_is_recorded_where_decisions_are(ask: Ask, ports: list[int]) -> None:
    agent = ask(
        [CONNECT.format(ports[0])], lambda: connects(ports[0]), audit=AuditLevel.DECISIONS
    )
    assert [agent.does(0) for _ in range(3)] == [0, 0, 0]
    assert len(lines(agent.aid, '"net"', '"allowed"', f"tcp/{HOST}:{ports[0]}")) == 3


def test_each_is_recorded_where_it_was_let_pass(ask: Ask, ports: list[int]) -> None:
    agent = ask([], lambda: connects(ports[0]), permissive=True)
    assert [agent.does(0) for _ in range(3)] == [0, 0, 0]
    assert len(lines(agent.aid, '"net"', '"permitted"', f"tcp/{HOST}:{ports[0]}")) == 3


def test_another_agent_begins_anew(ask: Ask, ports: list[int], key: SecretKey) -> None:
    """Its task came of one that had connected."""
    below = Manifest("below", "tests", audit=AuditLevel.DENIALS).sign(key)

    def below_connects() -> int:
        pid = os.fork()
        if pid == 0:
            syscalls.spawn(below, enter=True)
            os._exit(connects(ports[0]))
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    held = ["agent:children/0:spawn", CONNECT.format(ports[0])]
    agent = ask(held, lambda: connects(ports[0]), below_connects)
    assert agent.does(0) == 0
    assert agent.does(1) == errno.EACCES


def test_quarantine_ends_it(ask: Ask, ports: list[int]) -> None:
    agent = ask([CONNECT.format(ports[0])], lambda: connects(ports[0]))
    assert agent.does(0) == 0
    FS.quarantine(agent.aid)
    assert syscalls.cap_revoke(agent.aid, every=True) == 1
    FS.release(agent.aid)
    assert agent.does(0) == errno.EACCES
