# SPDX-License-Identifier: Apache-2.0
"""What all calls answer alike: magic, size, tail, flags, names. Runs in a guest, as root."""

from __future__ import annotations

import ctypes
import errno
import mmap
import tempfile

import pytest

from pycoconut import abi, syscalls
from pycoconut.agentfs import AgentFs
from tests.uml.wire import (
    KEY,
    NAMING,
    PAGE,
    STRUCTS,
    head,
    inside,
    libc,
    naming,
    os_error,
    raw,
    signed,
)

FS = "fs:/tmp/*:read_file"


@pytest.fixture(scope="module")
def agent() -> int:
    """One that there is."""
    AgentFs().add_authorizer(KEY.public)
    return syscalls.spawn(signed(FS)).aid


@pytest.mark.parametrize("name", STRUCTS)
class TestEveryCall:
    def test_enosys(self, name: str) -> None:
        size = ctypes.sizeof(STRUCTS[name])
        for magic in (0, abi.MAGIC + 1):
            assert raw(name, ctypes.addressof(head(name, magic)), size) == errno.ENOSYS
        for address in (0, 8, 1 << 60):
            assert raw(name, address, size) == errno.ENOSYS

    def test_einval(self, name: str) -> None:
        address = ctypes.addressof(buffer := head(name))
        for size in (0, 8, abi.MIN_SIZES[STRUCTS[name]] - 1):
            assert raw(name, address, size) == errno.EINVAL
        del buffer
        size = ctypes.sizeof(STRUCTS[name])
        unknown = head(name, flags=1 << 40)
        assert raw(name, ctypes.addressof(unknown), size) == errno.EINVAL

    def test_e2big(self, name: str) -> None:
        size = ctypes.sizeof(STRUCTS[name])
        buffer = head(name)
        assert raw(name, ctypes.addressof(buffer), PAGE + 1) == errno.E2BIG
        buffer[size + 8] = b"\x01"
        assert raw(name, ctypes.addressof(buffer), size + 16) == errno.E2BIG

    def test_zero_tail_is_taken(self, name: str) -> None:
        size = ctypes.sizeof(STRUCTS[name])
        plain, longer = head(name), head(name)
        expected = raw(name, ctypes.addressof(plain), size)
        assert raw(name, ctypes.addressof(longer), size + 16) == expected

    def test_efault(self, name: str) -> None:
        """The magic can be read, what follows it cannot."""
        memory = mmap.mmap(-1, 2 * PAGE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        assert libc.mprotect(ctypes.c_void_p(start + PAGE), ctypes.c_size_t(PAGE), 0) == 0
        memory[PAGE - 8 : PAGE] = abi.MAGIC.to_bytes(8, "little")
        size = ctypes.sizeof(STRUCTS[name])
        assert raw(name, start + PAGE - 8, size) == errno.EFAULT


@pytest.mark.parametrize("name", NAMING)
class TestEveryCallThatNamesAnAgent:
    def test_esrch(self, name: str, agent: int) -> None:
        assert naming(name, 1 << 40, 0) == errno.ESRCH
        # One that there is, and that another agent may not see.
        assert inside(lambda: os_error(naming(name, agent, 0)), FS) == errno.ESRCH

    def test_ebadf(self, name: str) -> None:
        with tempfile.TemporaryFile() as file:
            for descriptor in (file.fileno(), 1 << 20, 1 << 40):
                assert naming(name, descriptor, abi.CallFlag.BY_FD) == errno.EBADF
