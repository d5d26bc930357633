# SPDX-License-Identifier: Apache-2.0
"""Each allocation of each call fails, one after the other. Runs in a guest, as root.

Whatever fails, the call answers ENOMEM or succeeds all the same; nothing is left of an
agent that was not made; and each failure that was decided on has its one record. That no
memory is left behind either is kmemleak's to say, when the guest ends.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pycoconut import abi, caps, syscalls
from pycoconut.agentfs import AgentFs
from pycoconut.audit.query import Filter, from_kernel
from pycoconut.keys import SecretKey
from pycoconut.manifest import Manifest

KEY = SecretKey(bytes(range(2, 34)), "no-memory")
TOKENS = abi.QuotaKind.INFERENCE_TOKENS
PAGE = 4096
NTH = Path("/proc/thread-self/fail-nth")
DEBUG = Path("/sys/kernel/debug")
FAILURES = ("failslab", "fail_page_alloc")
ALLOCATIONS_MAX = 2000
ALL = range(1, ALLOCATIONS_MAX)
WARM = 4
ALLOWED = (0, errno.ENOMEM, errno.EFAULT)
"""EFAULT: a page of the caller's own could not be had when the kernel wrote to it."""
FS = "fs:/tmp/*:read_file"
CARVED = "fs:/usr/*:read_file;except=/usr/share"
WIDE = (
    "fs:/*:read_file,write_file,read_dir",
    "exec:/usr/bin/*:run",
    "net:tcp/127.0.0.1/32/80-443:connect",
    "svc:tool:*:use;depth=4",
    "agent:children/0:spawn,signal",
)

FS_AGENT = AgentFs()


def signed(*texts: str, **fields: Any) -> bytes:
    held = tuple(caps.parse(text) for text in texts)
    return Manifest("no-memory", capabilities=held, **fields).sign(KEY)


def cap(text: str) -> bytes:
    return caps.parse(text).encode()


NARROW = signed(FS, CARVED, "svc:tool:x:use", "svc:tool:y:use")
RICH = signed(CARVED, *WIDE, quotas={TOKENS: 100}, approval=("tool:web*",), argv=("/bin/true",))
CAP_SET = caps.encode_list([caps.parse(CARVED), caps.parse("svc:tool:x:use;depth=1")])


@dataclass(frozen=True)
class Case:
    """A call, and what makes the agent that it is about.

    Attributes:
        call: Its name, as in the ABI.
        act: Makes the call on an agent; the only part in which allocations fail.
        event: That of the record of each failure; None where nothing was decided on yet.
        within: It is made by an agent that holds WIDE.
        enters: Who makes it is not the same afterwards.
        first: It spawns the caller's first child, whose tasks go to a group of their own for it.
        spared: It has a second way to get memory, or may need none, and need not fail.
    """

    call: str
    act: Callable[[int], object]
    event: abi.Event | None = None
    within: bool = False
    enters: bool = False
    first: bool = False
    spared: bool = False


def _spawn(manifest: bytes, cap_set: bytes | None = None, **how: bool) -> Callable[[int], object]:
    def act(_aid: int) -> None:
        made = syscalls.spawn(manifest, cap_set, **how)
        if made.fd is not None:
            os.close(made.fd)

    return act


def _reserve(aid: int) -> object:
    return syscalls.quota(TOKENS, abi.QuotaOp.RESERVE, 1, aid=aid, lifetime_ns=10**9)


def _tier(op: abi.TierOp) -> Callable[[int], object]:
    def act(_aid: int) -> object:
        address = 0
        if op != abi.TierOp.MAP:
            address = syscalls.memory_tier(abi.Tier.RAM, abi.TierOp.MAP, length=PAGE).address
        return syscalls.memory_tier(abi.Tier.RAM, op, address=address, length=PAGE)

    return act


SPAWNED, GRANTED, QUOTA = abi.Event.SPAWN, abi.Event.GRANT, abi.Event.QUOTA

CASES = {
    "spawn": Case("agent_spawn", _spawn(NARROW), SPAWNED),
    "spawn-rich": Case("agent_spawn", _spawn(RICH), SPAWNED),
    "spawn-narrowed": Case("agent_spawn", _spawn(RICH, CAP_SET), SPAWNED),
    "spawn-descriptor": Case("agent_spawn", _spawn(NARROW, want_fd=True), SPAWNED),
    "spawn-within": Case("agent_spawn", _spawn(NARROW), SPAWNED, within=True),
    "spawn-narrowed-within": Case("agent_spawn", _spawn(RICH, CAP_SET), SPAWNED, within=True),
    "spawn-first": Case(
        "agent_spawn", _spawn(NARROW), SPAWNED, within=True, enters=True, first=True
    ),
    "spawn-enter": Case("agent_spawn", _spawn(signed(*WIDE), enter=True), SPAWNED, enters=True),
    "attest": Case("agent_attest", lambda aid: syscalls.attest(aid), abi.Event.ATTEST),
    "attest-within": Case(
        "agent_attest", lambda aid: syscalls.attest(aid, bytes(64)), abi.Event.ATTEST, within=True
    ),
    "quota-reserve": Case("agent_quota", _reserve, QUOTA),
    "quota-reserve-within": Case("agent_quota", _reserve, QUOTA, within=True),
    "grant": Case("agent_cap_grant", lambda aid: syscalls.cap_grant(aid, cap("svc:tool:y:use"))),
    "grant-path": Case("agent_cap_grant", lambda aid: syscalls.cap_grant(aid, cap(CARVED))),
    "grant-within": Case(
        "agent_cap_grant", lambda aid: syscalls.cap_grant(aid, cap(CARVED)), within=True
    ),
    "revoke-all": Case(
        "agent_cap_revoke", lambda aid: syscalls.cap_revoke(aid, every=True), abi.Event.REVOKE
    ),
    "revoke-end": Case(
        "agent_cap_revoke", lambda aid: syscalls.cap_revoke(aid, terminate=True), abi.Event.REVOKE
    ),
    "revoke-within": Case(
        "agent_cap_revoke",
        lambda aid: syscalls.cap_revoke(aid, every=True),
        abi.Event.REVOKE,
        within=True,
    ),
    "present": Case(
        "agent_cap_present", lambda aid: syscalls.cap_present(aid, cap("svc:tool:x:use"))
    ),
    "present-path": Case("agent_cap_present", lambda aid: syscalls.cap_present(aid, cap(FS))),
    "present-within": Case(
        "agent_cap_present", lambda _: syscalls.cap_present(0, cap(CARVED)), within=True
    ),
    "query": Case("agent_audit_query", lambda _: syscalls.audit_query(room=2048)),
    "query-large": Case(
        "agent_audit_query", lambda _: syscalls.audit_query(room=1 << 16), spared=True
    ),
    "query-within": Case(
        "agent_audit_query", lambda _: syscalls.audit_query(room=2048), within=True
    ),
    "tier-map": Case("agent_memory_tier", _tier(abi.TierOp.MAP), spared=True),
    "tier-move": Case("agent_memory_tier", _tier(abi.TierOp.MOVE), spared=True),
}


# ---- attempts ----


def _agent(case: Case) -> int:
    """The agent that a call is about: a child of the caller's, or the caller's own."""
    if case.first:
        return 0
    aid = syscalls.spawn(NARROW).aid
    if not case.within:
        syscalls.quota(TOKENS, abi.QuotaOp.SET, 100, aid=aid)
    return aid


def _attempt(case: Case, nth: int, number: int) -> tuple[int, bool]:
    """The number-th allocation of a call fails: its errno, and whether there was none to fail."""
    aid = _agent(case)
    code = 0
    os.pwrite(nth, str(number).encode(), 0)
    try:
        case.act(aid)
    except OSError as error:
        code = error.errno or 255
    left = int(os.pread(nth, 20, 0))
    os.pwrite(nth, b"0", 0)
    if case.first:
        aid = syscalls.spawn(NARROW).aid  # whatever failed half-way, it goes on from there
    with contextlib.suppress(ProcessLookupError):
        syscalls.cap_revoke(aid, terminate=True)
    return code, left > 0


def _sweep(case: Case, numbers: range) -> tuple[int, int]:
    """One allocation after the other fails; how many calls did, and the errno of one too many.

    Ends where there is nothing more to fail, and then with errno 0; EOVERFLOW if there is
    no such end.
    """
    failed = 0
    nth = os.open(NTH, os.O_RDWR)
    if not case.enters:
        # The pages that this process writes to are its own from then on: no fault takes a turn.
        for _ in range(WARM):
            _attempt(case, nth, ALLOCATIONS_MAX)
    for number in numbers:
        code, over = _attempt(case, nth, number)
        if code not in ALLOWED or (over and code):
            return failed, code
        failed += code == errno.ENOMEM
        if over:
            return failed, 0
    return failed, errno.EOVERFLOW


def _forked(case: Case, function: Callable[[], tuple[int, int]]) -> tuple[int, int]:
    """Runs it in a process of its own, which with `within` is an agent's."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        answer = (0, 255)
        try:
            if case.within:
                syscalls.spawn(signed(*WIDE, quotas={TOKENS: 100}), enter=True)
            answer = function()
        except OSError as error:
            answer = (0, error.errno or 255)
        finally:
            os.write(write, struct.pack("ii", *answer))
            os._exit(0)
    os.close(write)
    data = os.read(read, 8)
    os.close(read)
    os.waitpid(child, 0)
    failed, code = struct.unpack("ii", data)
    return failed, code


def _sweep_forked(case: Case) -> tuple[int, int]:
    """Whoever enters does not come back: a process for each attempt."""
    failed = 0
    for number in range(1, ALLOCATIONS_MAX):
        some, code = _forked(case, lambda n=number: _sweep(case, range(n, n + 1)))
        failed += some
        if code != errno.EOVERFLOW:
            return failed, code
    return failed, errno.EOVERFLOW


# ---- what must hold ----


@pytest.fixture(scope="module", autouse=True)
def authorizer() -> None:
    FS_AGENT.add_authorizer(KEY.public)


@pytest.fixture
def fault_injection() -> None:
    """Lets allocations fail that may wait for memory."""
    for kind in FAILURES:
        (DEBUG / kind / "ignore-gfp-wait").write_text("N")
        (DEBUG / kind / "verbose").write_text("0")
    (DEBUG / "fail_page_alloc" / "ignore-gfp-highmem").write_text("N")
    (DEBUG / "fail_page_alloc" / "min-order").write_text("0")


@pytest.fixture
def nobody_left() -> Iterator[None]:
    """What a test has spawned it ends; what it could not spawn is not there."""
    before = set(FS_AGENT.live())
    yield
    for aid in sorted(set(FS_AGENT.live()) - before):
        status = FS_AGENT.text("live", f"a:{aid:05}", "status")
        assert "SPAWNING" not in status
        syscalls.cap_revoke(aid, terminate=True)
    assert set(FS_AGENT.live()) <= before


def _denied(first: int, event: abi.Event) -> int:
    """How many records since then say that memory was missing."""
    wanted = Filter(
        first=first, events=frozenset({event}), decisions=frozenset({abi.Decision.DENIED})
    )
    return sum(record.result == -errno.ENOMEM for record in from_kernel(wanted))


def _recorded() -> int:
    return int(FS_AGENT.stats()["recorded"])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("nobody_left")
def test_with_memory_it_succeeds(name: str) -> None:
    """Else the next test would prove nothing. Needs no kernel that can fail on purpose."""

    case = CASES[name]

    def once() -> tuple[int, int]:
        case.act(_agent(case))
        return 0, 0

    assert _forked(case, once) == (0, 0)


@pytest.mark.hostile
@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("fault_injection", "nobody_left")
def test_each_allocation_fails_once(name: str) -> None:
    case = CASES[name]
    first = _recorded() + 1
    failed, code = _sweep_forked(case) if case.enters else _forked(case, partial(_sweep, case, ALL))
    assert code == 0, f"after {failed} failures: {errno.errorcode.get(code, code)}"
    assert failed > 0 or case.spared
    if case.event is not None:
        assert _denied(first, case.event) == failed
