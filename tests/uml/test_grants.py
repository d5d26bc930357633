# SPDX-License-Identifier: Apache-2.0
"""What is granted, and what a grant or a spawn costs, whatever becomes of it. Runs in a guest."""

from __future__ import annotations

import errno
import os
from functools import partial

import pytest

from pycoconut import audit, syscalls
from pycoconut.abi import Decision, Event
from pycoconut.agent import Chain
from pycoconut.agentfs import AgentFs
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import failure, settle

READ = "fs:/usr:read_file"


@pytest.fixture(scope="module")
def key() -> SecretKey:
    """A key whose manifests the kernel takes."""
    made = SecretKey.make("test-grants")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-grants"))
    return made


def spawn(key: SecretKey, *texts: str) -> int:
    held = tuple(parse(text) for text in texts)
    return syscalls.spawn(Manifest("held", capabilities=held).sign(key)).aid


def refused(aid: int) -> list[tuple[int, str]]:
    """Result and object of each grant to this agent that was refused."""
    settle()
    wanted = audit.Filter(events=frozenset({Event.GRANT}), decisions=frozenset({Decision.DENIED}))
    name = f"a:{aid:05d}".encode()
    found = [record for record in Chain().records(wanted) if record.object.startswith(name)]
    return [(record.result, record.object.decode()) for record in found]


@pytest.mark.parametrize(
    "wider",
    ["fs:/usr:read_file,write_file", "fs:/:read_file", "fs:/etc:read_file", "svc:x:use"],
)
def test_a_grant_stays_within_the_manifest(key: SecretKey, wider: str) -> None:
    aid = spawn(key, READ)
    assert failure(lambda: syscalls.cap_grant(aid, parse(wider).encode())) == errno.EPERM
    ((result, said),) = refused(aid)
    assert result == -errno.EPERM
    assert said.startswith(f"a:{aid:05d} {wider.partition(':')[0]}:")


def test_what_was_revoked_is_granted_again(key: SecretKey) -> None:
    aid = spawn(key, READ)
    assert syscalls.cap_revoke(aid, every=True) == 1
    assert syscalls.cap_grant(aid, parse("fs:/usr/bin:read_file").encode())
    assert refused(aid) == []


@pytest.mark.parametrize(
    ("cap", "expected"),
    [(b"\xff", errno.EBADMSG), (parse("fs:/no/such/path:read_file").encode(), errno.ENOENT)],
    ids=["no-cbor", "no-path"],
)
def test_a_grant_of_no_capability_has_its_record(key: SecretKey, cap: bytes, expected: int) -> None:
    aid = spawn(key, READ)
    assert failure(lambda: syscalls.cap_grant(aid, cap)) == expected
    assert refused(aid) == [(-expected, f"a:{aid:05d}")]


def test_only_an_agent_costs_a_use(key: SecretKey) -> None:
    """Of two uses none goes with what fails, and the third agent is refused."""
    child = Manifest("child", capabilities=(parse(READ),)).sign(key)
    wider = Manifest("wider", capabilities=(parse("fs:/:read_file"),)).sign(key)
    forged = child[:-1] + bytes([child[-1] ^ 1])
    parent = Manifest("parent", capabilities=(parse("agent:children/0:spawn;uses=2"), parse(READ)))
    attempts = [
        (forged, errno.EKEYREJECTED),
        (wider, errno.EPERM),
        (child, 0),
        (wider, errno.EPERM),
        (forged, errno.EKEYREJECTED),
        (child, 0),
        (child, errno.EPERM),
    ]
    signed = parent.sign(key)
    pid = os.fork()
    if pid == 0:
        syscalls.spawn(signed, enter=True)
        found = [failure(partial(syscalls.spawn, manifest)) for manifest, _ in attempts]
        os._exit(0 if found == [expected for _, expected in attempts] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
