# SPDX-License-Identifier: Apache-2.0
"""A ring of io_uring, as small as it can be: one request at a time (io_uring(7))."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import struct

from tests.escapes.kit import syscall

__all__ = ["Ring"]

SETUP, ENTER, REGISTER = 425, 426, 427
GETEVENTS = 1
SQES = 0x10000000
PARAMS = 120


class Ring:
    """Requests are waited for."""

    SQPOLL = 2
    NOP, CLOSE, READ, NO_SUCH = 0, 19, 22, 200
    DRAIN, LINK, ASYNC = 2, 4, 16

    def __init__(self, flags: int = 0, entries: int = 8) -> None:
        params = ctypes.create_string_buffer(struct.pack("4I", 0, 0, flags, 0), PARAMS)
        self.fd = syscall(SETUP, entries, params)
        self._sq = struct.unpack_from("10I", params, 40)
        self._cq = struct.unpack_from("10I", params, 80)
        entries_in, entries_out = struct.unpack_from("2I", params)
        size = max(self._sq[6] + 4 * entries_in, self._cq[5] + 16 * entries_out)
        self._rings = mmap.mmap(self.fd, size)
        self._requests = mmap.mmap(self.fd, 64 * entries_in, offset=SQES)

    def register(self, what: int, data: object, count: int) -> int:
        """io_uring_register(2)."""
        return syscall(REGISTER, self.fd, what, data, count)

    def request(
        self, op: int, fd: int = -1, address: int = 0, length: int = 0, offset: int = 0,
        flags: int = 0, extra: int = 0, personality: int = 0,
    ) -> int:  # fmt: skip
        """Submits one request and waits for it; what it returned.

        Raises:
            OSError: It failed, or could not be submitted.
        """
        (tail,) = struct.unpack_from("I", self._rings, self._sq[1])
        (mask,) = struct.unpack_from("I", self._rings, self._sq[2])
        slot = tail & mask
        entry = struct.pack(
            "<BBHiQQIIQHHiQQ",
            op, flags, 0, fd, offset, address, length, extra, 0, 0, personality, 0, 0, 0,
        )  # fmt: skip
        self._requests[64 * slot : 64 * slot + 64] = entry
        struct.pack_into("I", self._rings, self._sq[6] + 4 * slot, slot)
        struct.pack_into("I", self._rings, self._sq[1], tail + 1)
        syscall(ENTER, self.fd, 1, 1, GETEVENTS, 0, 0)
        (head,) = struct.unpack_from("I", self._rings, self._cq[0])
        (mask,) = struct.unpack_from("I", self._rings, self._cq[2])
        (result,) = struct.unpack_from("i", self._rings, self._cq[5] + 16 * (head & mask) + 8)
        struct.pack_into("I", self._rings, self._cq[0], head + 1)
        if result < 0:
            raise OSError(-result, os.strerror(-result))
        return int(result)

    def nothing(self, count: int) -> None:
        """Submits so many requests that do nothing, in one call; the ring's first use."""
        self._requests[: 64 * count] = bytes(64 * count)
        struct.pack_into(f"{count}I", self._rings, self._sq[6], *range(count))
        struct.pack_into("I", self._rings, self._sq[1], count)
        if syscall(ENTER, self.fd, count, count, GETEVENTS, 0, 0) != count:
            raise OSError(errno.EIO, "not all were taken")
