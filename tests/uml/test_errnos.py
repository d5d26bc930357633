# SPDX-License-Identifier: Apache-2.0
"""Each errno that syscalls/agent.yaml lists, produced. Runs in a guest, as root."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pycoconut import abi, caps, cbor, syscalls
from pycoconut.agentfs import AgentFs
from pycoconut.keys import SecretKey
from tests.uml.inside import failure, forked
from tests.uml.wire import KEY, NAMING, PAGE, STRUCTS, cap, inside, libc, os_error, raw, signed

OTHER = SecretKey(bytes(32), "unknown")
NOBODY = 65534
FS = "fs:/tmp/*:read_file"
SPAWN = "agent:children/0:spawn"
TOKENS = abi.QuotaKind.INFERENCE_TOKENS
DAY_NS = 24 * 3600 * 10**9


def path_cap(path: bytes | str) -> bytes:
    return cbor.encode({1: 1, 2: os.fsencode(path), 3: 1})


@pytest.fixture(scope="module", autouse=True)
def authorizer() -> None:
    AgentFs().add_authorizer(KEY.public)


def spawned() -> int:
    aid = syscalls.spawn(signed(FS, "svc:tool:x:use")).aid
    syscalls.quota(TOKENS, abi.QuotaOp.SET, 100, aid=aid)
    return aid


@pytest.fixture(scope="module")
def agent() -> int:
    """An agent outside which the tests stand."""
    return spawned()


@pytest.fixture(scope="module")
def places() -> Iterator[dict[str, str]]:
    """Paths that cannot be resolved, each for another reason."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "file").touch()
        (folder / "loop").symlink_to(folder / "loop")
        (folder / "closed").mkdir(0o700)
        (folder / "closed/x").touch()
        os.chown(folder / "closed", NOBODY, NOBODY)
        yield {
            "ENOENT": f"{name}/none",
            "ENOTDIR": f"{name}/file/x",
            "ELOOP": f"{name}/loop/x",
            "ENAMETOOLONG": f"{name}/{'x' * 300}",
            "EACCES": f"{name}/closed/x",
        }


def without_dac() -> None:
    """Root as files have it, less the capabilities that look into closed folders."""
    header = struct.pack("Ii", 0x20080522, 0)
    data = ctypes.create_string_buffer(24)
    assert libc.capget(header, data) == 0
    sets = list(struct.unpack("6I", data.raw))
    sets[0] &= ~(1 << 1 | 1 << 2)
    assert libc.capset(header, struct.pack("6I", *sets)) == 0


@dataclass(frozen=True)
class Case:
    """A way to get an errno of a call."""

    call: str
    code: int
    get: Callable[[int, dict[str, str]], int]

    def __str__(self) -> str:
        return f"{self.call}-{errno.errorcode[self.code]}"


CASES: list[Case] = []
Get = Callable[[int, dict[str, str]], int]


def case(call: str, code: int) -> Callable[[Get], Get]:
    def add(function: Get) -> Get:
        CASES.append(Case(call, code, function))
        return function

    return add


def case_of(call: str, code: int, function: Callable[[int], object]) -> None:
    """A case that is one call from outside every agent."""
    CASES.append(Case(call, code, lambda aid, _: failure(lambda: function(aid))))


@case("agent_spawn", errno.EPERM)
def _(_aid: int, _places: dict[str, str]) -> int:
    assert inside(lambda: syscalls.spawn(signed(FS)), FS) == errno.EPERM
    return inside(lambda: syscalls.spawn(signed("fs:/usr/*:read_file")), FS, SPAWN)


case_of("agent_spawn", errno.EBADMSG, lambda _: syscalls.spawn(b"\x00\x01"))
case_of("agent_spawn", errno.ENOKEY, lambda _: syscalls.spawn(signed(FS, key=OTHER)))
case_of("agent_spawn", errno.EKEYREJECTED, lambda _: syscalls.spawn(signed(FS)[:-1] + b"\x00"))
case_of(
    "agent_spawn",
    errno.EINVAL,
    lambda _: syscalls.spawn(signed(FS), caps.encode_list([caps.parse("svc:x:use")])),
)
case_of("agent_spawn", errno.E2BIG, lambda _: syscalls.spawn(bytes(abi.MANIFEST_MAX + 1)))


@case("agent_spawn", errno.EFAULT)
def _(_aid: int, _places: dict[str, str]) -> int:
    args = abi.SpawnArgs(magic=abi.MAGIC, manifest=8, manifest_len=8)
    return raw("agent_spawn", ctypes.addressof(args), ctypes.sizeof(args))


@case("agent_spawn", errno.EBUSY)
def _(_aid: int, _places: dict[str, str]) -> int:
    def threaded() -> None:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        syscalls.spawn(signed(FS), enter=True)

    return forked(threaded)


@case("agent_spawn", errno.EDQUOT)
def _(_aid: int, _places: dict[str, str]) -> int:
    def twice() -> None:
        syscalls.spawn(signed(FS))
        syscalls.spawn(signed(FS))

    return inside(twice, FS, "agent:children/1:spawn")


@case("agent_spawn", errno.EMFILE)
def _(_aid: int, _places: dict[str, str]) -> int:
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
        syscalls.spawn(signed(FS), want_fd=True)

    return forked(full)


@case("agent_spawn", errno.ENFILE)
def _(_aid: int, _places: dict[str, str]) -> int:
    """Only who lacks CAP_SYS_ADMIN is held to the system's limit: a task in an agent does."""
    limit = Path("/proc/sys/fs/file-max")
    before = limit.read_text()
    descriptor = os.open(limit, os.O_WRONLY)
    try:
        manifest = signed(FS)
        os.write(descriptor, b"1\n")
        return inside(lambda: syscalls.spawn(manifest, want_fd=True), FS, SPAWN)
    finally:
        os.pwrite(descriptor, before.encode(), 0)
        os.close(descriptor)


def _path_cases() -> None:
    def spawn(path: str, _aid: int) -> object:
        return syscalls.spawn(_of(path))

    def grant(path: str, aid: int) -> object:
        return syscalls.cap_grant(aid, path_cap(path))

    def present(path: str, aid: int) -> object:
        return syscalls.cap_present(aid, path_cap(path))

    def add(call: str, name: str, function: Callable[[str, int], object]) -> None:
        code = getattr(errno, name)

        def get(aid: int, places: dict[str, str]) -> int:
            def attempt() -> None:
                if name == "EACCES":
                    without_dac()
                function(places[name], aid)

            return forked(attempt)

        CASES.append(Case(call, code, get))

    for call, function in (
        ("agent_spawn", spawn),
        ("agent_cap_grant", grant),
        ("agent_cap_present", present),
    ):
        for name in ("ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EACCES"):
            add(call, name, function)


def _of(path: str) -> bytes:
    """A manifest with this path."""
    return signed(f"fs:{caps.escape(os.fsencode(path))}:read_file")


_path_cases()

case_of("agent_attest", errno.EINVAL, lambda aid: syscalls.attest(aid, b"1234567"))


@case("agent_attest", errno.EMSGSIZE)
def _(aid: int, _places: dict[str, str]) -> int:
    args = abi.AttestArgs(magic=abi.MAGIC, aid=aid)
    code = raw("agent_attest", ctypes.addressof(args), ctypes.sizeof(args))
    assert args.buf_len > 256
    return code


case_of(
    "agent_quota",
    errno.EINVAL,
    lambda aid: syscalls.quota(TOKENS, abi.QuotaOp.RESERVE, 1, aid=aid),
)
case_of(
    "agent_quota",
    errno.EINVAL,
    lambda aid: syscalls.quota(TOKENS, abi.QuotaOp.RESERVE, 1, aid=aid, lifetime_ns=DAY_NS + 1),
)
case_of(
    "agent_quota",
    errno.EOPNOTSUPP,
    lambda aid: syscalls.quota(abi.QuotaKind.CPU, abi.QuotaOp.DEBIT, 1, aid=aid),
)
case_of(
    "agent_quota", errno.EDQUOT, lambda aid: syscalls.quota(TOKENS, abi.QuotaOp.DEBIT, 101, aid=aid)
)
case_of(
    "agent_quota",
    errno.ENOENT,
    lambda aid: syscalls.quota(TOKENS, abi.QuotaOp.SETTLE, 1, aid=aid, reservation=1 << 40),
)


@case("agent_quota", errno.EPERM)
def _(_aid: int, _places: dict[str, str]) -> int:
    return inside(lambda: syscalls.quota(TOKENS, abi.QuotaOp.SET, 1), FS)


case_of("agent_cap_grant", errno.EBADMSG, lambda aid: syscalls.cap_grant(aid, b"\xff"))
case_of(
    "agent_cap_grant",
    errno.EINVAL,
    lambda aid: syscalls.cap_grant(aid, cbor.encode({1: 9, 2: b"/", 3: 1})),
)
case_of("agent_cap_grant", errno.E2BIG, lambda aid: syscalls.cap_grant(aid, bytes(8193)))
case_of(
    "agent_cap_grant",
    errno.EFAULT,
    lambda aid: os_error(_with_cap_at("agent_cap_grant", aid, 8)),
)


def _with_cap_at(name: str, aid: int, address: int) -> int:
    args = STRUCTS[name](magic=abi.MAGIC, aid=aid, cap=address, cap_len=8)
    return raw(name, ctypes.addressof(args), ctypes.sizeof(args))


@case("agent_cap_grant", errno.EPERM)
def _(_aid: int, _places: dict[str, str]) -> int:
    return inside(lambda: syscalls.cap_grant(0, cap(FS)), FS)


@case("agent_cap_grant", errno.ENOENT)
def _(_aid: int, _places: dict[str, str]) -> int:
    """A parent that the caller does not hold."""

    def grant() -> None:
        child = syscalls.spawn(signed(FS)).aid
        syscalls.cap_grant(child, cap(FS), parent=1 << 40)

    return inside(grant, FS, SPAWN)


case_of(
    "agent_cap_revoke", errno.EINVAL, lambda aid: syscalls.cap_revoke(aid, cap_id=1, every=True)
)
case_of("agent_cap_revoke", errno.ENOENT, lambda aid: syscalls.cap_revoke(aid, cap_id=1 << 40))


@case("agent_cap_revoke", errno.EPERM)
def _(_aid: int, _places: dict[str, str]) -> int:
    return inside(lambda: syscalls.cap_revoke(0, every=True), FS)


case_of("agent_cap_present", errno.EACCES, lambda aid: syscalls.cap_present(aid, path_cap("/etc")))
case_of(
    "agent_cap_present", errno.EPERM, lambda aid: syscalls.cap_present(aid, cap("svc:tool:y:use"))
)
case_of("agent_cap_present", errno.EBADMSG, lambda aid: syscalls.cap_present(aid, b"\x00\x00"))
case_of(
    "agent_cap_present",
    errno.EINVAL,
    lambda aid: syscalls.cap_present(aid, cbor.encode({1: 1, 2: b"/", 3: 1, 6: 1})),
)
case_of("agent_cap_present", errno.E2BIG, lambda aid: syscalls.cap_present(aid, bytes(8193)))

case_of("agent_audit_query", errno.EINVAL, lambda _: syscalls.audit_query(2, 1))
case_of("agent_audit_query", errno.EMSGSIZE, lambda _: syscalls.audit_query(room=1))


@case("agent_audit_query", errno.EPERM)
def _(_aid: int, _places: dict[str, str]) -> int:
    return inside(syscalls.audit_seed, FS)


@case("agent_audit_query", errno.EALREADY)
def _(_aid: int, _places: dict[str, str]) -> int:
    failure(syscalls.audit_seed)
    return failure(syscalls.audit_seed)


def tier(aid: int, kind: abi.Tier = abi.Tier.RAM, length: int = PAGE) -> object:
    return syscalls.memory_tier(kind, abi.TierOp.MAP, aid=aid, length=length)


case_of("agent_memory_tier", errno.EPERM, tier)
case_of("agent_memory_tier", errno.EINVAL, lambda _: tier(0, length=1))
# Of another agent too: what is refused has a record, and this has no name to put there.
case_of("agent_memory_tier", errno.EINVAL, lambda aid: tier(aid, abi.Tier.SSD + 1))
case_of("agent_memory_tier", errno.ENODEV, lambda _: tier(0, abi.Tier.HBM))
case_of("agent_memory_tier", errno.ENODEV, lambda _: tier(0, abi.Tier.SSD))


@case("agent_memory_tier", errno.ENOMEM)
def _(_aid: int, _places: dict[str, str]) -> int:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        tier(0, length=1 << 32)

    return forked(limited)


@pytest.mark.parametrize("wanted", CASES, ids=str)
def test_errno(wanted: Case, agent: int, places: dict[str, str]) -> None:
    code = wanted.get(agent, places)
    assert errno.errorcode.get(code, code) == errno.errorcode[wanted.code]


def test_every_errno_that_is_listed_is_produced() -> None:
    produced = {(case.call, case.code) for case in CASES}
    everywhere = {errno.ENOSYS, errno.EINVAL, errno.E2BIG, errno.EFAULT}
    produced |= {(name, code) for name in STRUCTS for code in everywhere}
    produced |= {(name, code) for name in NAMING for code in (errno.ESRCH, errno.EBADF)}
    # test_no_memory.py produces these.
    produced |= {(name, errno.ENOMEM) for name in STRUCTS}
    # test_meanwhile.py produces these.
    produced |= {("agent_spawn", errno.ESRCH), ("agent_memory_tier", errno.EINTR)}
    # test_tiers.py produces these: they need a spill volume.
    volume = {errno.ENOSPC, errno.EDQUOT, errno.EOPNOTSUPP, errno.EBUSY, errno.EIO}
    produced |= {("agent_memory_tier", code) for code in volume}
    # The KUnit suite agent_dirfd produces this: here there is an agentfs.
    produced |= {("agent_spawn", errno.EOPNOTSUPP)}
    listed = {(name, code) for name, errors in abi.ERRORS.items() for code in errors}
    assert produced == listed
