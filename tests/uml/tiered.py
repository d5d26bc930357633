# SPDX-License-Identifier: Apache-2.0
"""Memory that agent_memory_tier() gives, as tests use it. Runs in a guest, as root."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pycoconut import syscalls
from pycoconut.abi import QuotaKind, Tier, TierOp
from tests.uml.inside import FS
from tests.uml.wire import libc

__all__ = ["MIB", "Memory", "mapped", "spill_volume", "used"]

MIB = 1 << 20

for _name in ("mmap", "mremap"):
    getattr(libc, _name).restype = ctypes.c_void_p


@dataclass(frozen=True)
class Memory:
    """A range that is mapped."""

    address: int
    length: int

    def __getitem__(self, at: slice) -> bytes:
        return bytes((ctypes.c_char * self.length).from_address(self.address)[at])

    def fill(self, data: bytes) -> None:
        ctypes.memmove(self.address, data, len(data))

    def do(self, op: TierOp, tier: Tier, event_fd: int | None = None) -> int:
        """Bytes in the tier afterwards."""
        return syscalls.memory_tier(
            tier, op, address=self.address, length=self.length, event_fd=event_fd
        ).achieved

    def query(self, tier: Tier) -> int:
        return self.do(TierOp.QUERY, tier)

    def part(self, start: int, length: int) -> Memory:
        return Memory(self.address + start, length)

    def unmap(self) -> None:
        assert libc.munmap(ctypes.c_void_p(self.address), ctypes.c_size_t(self.length)) == 0


def mapped(tier: Tier, length: int = MIB) -> Memory:
    return Memory(syscalls.memory_tier(tier, TierOp.MAP, length=length).address, length)


@contextmanager
def spill_volume(folder: Path, size: int = 64 * MIB) -> Iterator[Path]:
    """A disk of its own for what spills, which is in use by nobody at the end."""
    image, at = folder / "image", folder / "mounted"
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
    at.mkdir()
    subprocess.run(["mount", "-o", "loop", str(image), str(at)], check=True)
    FS.set_spill(at)
    yield at
    FS.set_spill(None)
    subprocess.run(["umount", str(at)], check=True)


def used(aid: int, kind: QuotaKind) -> int:
    """What of a budget is used."""
    return FS.budget(aid, kind).used
