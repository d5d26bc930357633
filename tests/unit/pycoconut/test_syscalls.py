# SPDX-License-Identifier: Apache-2.0
"""The bindings: what reaches the kernel, and what a failure says. On any kernel."""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Callable
from typing import Any

import pytest

from pycoconut import abi, syscalls

Handler = Callable[[ctypes.Structure], int]


class Kernel:
    """Stands in for syscall(2): hands the structure to a test, which plays the kernel."""

    def __init__(self) -> None:
        self.handler: Handler = lambda args: 0
        self.calls: list[tuple[int, int]] = []

    def syscall(self, number: ctypes.c_long, args: Any, size: ctypes.c_size_t) -> int:
        self.calls.append((number.value, size.value))
        code = self.handler(args._obj)
        if code:
            ctypes.set_errno(code)
            return -1
        return 0


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    fake = Kernel()
    monkeypatch.setattr(syscalls, "_libc", fake)
    return fake


def copied(address: int, size: int) -> bytes:
    return ctypes.string_at(address, size)


def test_spawn(kernel: Kernel) -> None:
    def handler(args: Any) -> int:
        assert args.magic == abi.MAGIC
        assert args.flags == abi.SpawnFlag.ENTER | abi.SpawnFlag.FD
        assert copied(args.manifest, args.manifest_len) == b"manifest"
        assert copied(args.cap_set, args.cap_set_len) == b"caps"
        args.aid, args.fd = 17, 5
        return 0

    kernel.handler = handler
    assert syscalls.spawn(b"manifest", b"caps", enter=True, want_fd=True) == syscalls.Spawned(17, 5)
    assert kernel.calls == [(472, 56)]


def test_spawn_without_caps_and_fd(kernel: Kernel) -> None:
    def handler(args: Any) -> int:
        assert (args.cap_set, args.cap_set_len, args.fd) == (0, 0, -1)
        return 0

    kernel.handler = handler
    assert syscalls.spawn(b"m").fd is None


def test_attest_asks_again_with_more_room(kernel: Kernel) -> None:
    def handler(args: Any) -> int:
        assert copied(args.nonce, args.nonce_len) == b"12345678"
        if args.buf_len < 6000:
            args.buf_len = 6000
            return errno.EMSGSIZE
        ctypes.memmove(args.buf, b"x" * 5999, 5999)
        args.buf_len = 5999
        return 0

    kernel.handler = handler
    assert syscalls.attest(17, b"12345678") == b"x" * 5999
    assert len(kernel.calls) == 2


@pytest.mark.parametrize("need", [0, 4096, 1 << 40])
def test_attest_does_not_believe_everything(kernel: Kernel, need: int) -> None:
    def handler(args: Any) -> int:
        args.buf_len = need
        return errno.EMSGSIZE

    kernel.handler = handler
    with pytest.raises(OSError, match="agent_attest"):
        syscalls.attest(17)


def test_quota(kernel: Kernel) -> None:
    def handler(args: Any) -> int:
        assert (args.kind, args.op, args.amount, args.lifetime_ns) == (5, 3, 100, 10**9)
        args.limit, args.used, args.reserved, args.high_water = 1000, 1, 100, 101
        args.reservation = 9
        return 0

    kernel.handler = handler
    kind = abi.QuotaKind.INFERENCE_TOKENS
    status = syscalls.quota(kind, abi.QuotaOp.RESERVE, 100, lifetime_ns=10**9)
    assert status == syscalls.QuotaStatus(1000, 1, 100, 101, 9)


def test_capabilities(kernel: Kernel) -> None:
    def grant(args: Any) -> int:
        assert (args.aid, args.parent) == (17, 3)
        assert copied(args.cap, args.cap_len) == b"cap"
        args.id = 12
        return 0

    def revoke(args: Any) -> int:
        assert args.flags == abi.RevokeFlag.ALL | abi.RevokeFlag.TERMINATE | abi.CallFlag.BY_FD
        args.withdrawn = 4
        return 0

    def present(args: Any) -> int:
        args.id, args.seq = 7, 1234
        return 0

    kernel.handler = grant
    assert syscalls.cap_grant(17, b"cap", 3) == 12
    kernel.handler = revoke
    assert syscalls.cap_revoke(17, every=True, terminate=True, by_fd=True) == 4
    kernel.handler = present
    assert syscalls.cap_present(17, b"cap") == syscalls.Presented(7, 1234)


def test_audit_query(kernel: Kernel) -> None:
    def handler(args: Any) -> int:
        assert (args.first_seq, args.last_seq, args.aid) == (5, 2**64 - 1, 17)
        assert (args.events, args.decisions) == (1 << 9 | 1 << 2, 1 << 2)
        ctypes.memmove(args.buf, b"records", 7)
        args.buf_len, args.count, args.next_seq, args.sealed_seq = 7, 1, 6, 5
        return 0

    kernel.handler = handler
    segment = syscalls.audit_query(
        5,
        aid=17,
        events=[abi.Event.ACCESS, abi.Event.SPAWN],
        decisions=[abi.Decision.DENIED],
    )
    assert segment == syscalls.Segment(b"records", 1, 6, 5)


def test_audit_seed(kernel: Kernel) -> None:
    def handler(args: Any) -> int:
        assert args.flags == abi.AuditFlag.SEED
        ctypes.memmove(args.buf, b"s" * 32, 32)
        return 0

    kernel.handler = handler
    assert syscalls.audit_seed() == b"s" * 32


def test_memory_tier(kernel: Kernel) -> None:
    def handler(args: Any) -> int:
        assert (args.tier, args.op, args.length) == (1, 0, 4096)
        args.address, args.achieved = 0x7F0000000000, 4096
        return 0

    kernel.handler = handler
    found = syscalls.memory_tier(abi.Tier.RAM, abi.TierOp.MAP, length=4096)
    assert found == syscalls.MemoryRange(0x7F0000000000, 4096)


def test_every_errno_has_a_meaning() -> None:
    for name, errors in abi.ERRORS.items():
        for code, meanings in errors.items():
            error = syscalls.oserror(name, code)
            assert error.errno == code
            assert name in str(error)
            assert code == errno.ENOSYS or meanings[0] in str(error)


def test_unknown_errno_is_said_plainly() -> None:
    assert str(syscalls.oserror("agent_spawn", errno.EXDEV)) == (
        "[Errno 18] agent_spawn: Invalid cross-device link"
    )


def test_classes_of_exceptions() -> None:
    assert isinstance(syscalls.oserror("agent_cap_present", errno.EPERM), PermissionError)
    assert isinstance(syscalls.oserror("agent_attest", errno.ESRCH), ProcessLookupError)


def test_enosys_says_that_the_kernel_is_not_coconut(kernel: Kernel) -> None:
    kernel.handler = lambda args: errno.ENOSYS
    with pytest.raises(OSError, match="this kernel is not Coconut"):
        syscalls.spawn(b"m")
    assert not syscalls.is_coconut()
    kernel.handler = lambda args: errno.EINVAL
    assert syscalls.is_coconut()


def test_numbers_cover_the_calls() -> None:
    assert set(syscalls.NUMBERS) == set(abi.ERRORS)
    assert sorted(syscalls.NUMBERS.values()) == list(range(472, 480))
