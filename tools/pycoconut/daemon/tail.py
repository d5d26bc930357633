# SPDX-License-Identifier: Apache-2.0
"""The end of a boot that a reset cut off: kept in memory, and merged back by the next boot.

While the writer works it also puts what it reads of the chain into /dev/pmsg0, which ramoops
keeps in memory that a warm reset leaves alone. The next boot finds it in pstore, and makes of
what goes on where the disk ended a shard of its own, whose header says where it comes from.

Memory may have lost bits, and somebody may have written to it. So what is taken goes on without
a gap, has the one form, and no seal in it is wrong; records that no seal covers are proven by
their MACs, to whoever has the seed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pycoconut.daemon.shards import contents, digest, names, sync_folder
from pycoconut.shard import HEADER_MAX, ShardHeader

if TYPE_CHECKING:
    from pycoconut.audit import Seal

__all__ = ["KEPT", "MEMORY", "Memory", "continuation", "recover"]

MEMORY = Path("/dev/pmsg0")
"""Where it is written to; there is none without memory that outlives a reset."""
KEPT = Path("/sys/fs/pstore/pmsg-ramoops-0")
"""Where the next boot finds it."""

_SEAL = b'{"seal":'
_FIRST = b'{"seq":1,"boot":"'


class Memory:
    """The memory that outlives a reset, if there is any."""

    def __init__(self, path: Path = MEMORY) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC) if path.exists() else -1
        self._end = 0

    def write(self, at: int, data: bytes) -> None:
        """Add what of the chain's bytes from @at on is new; the oldest go.

        That it fails loses nothing that the disk would keep.
        """
        fresh = data[max(0, self._end - at) :]
        if self._fd < 0 or not fresh:
            return
        try:
            os.write(self._fd, fresh)
            self._end = at + len(data)
        except OSError:
            self.close()

    def close(self) -> None:
        """Let go of it."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


@dataclass
class _Chain:
    """Where a chain stands: what its next line must agree with."""

    boot: bytes
    epoch: int = 0
    first: int = 1
    head: bytes | None = bytes(32)
    key: bytes | None = None
    pending: bytes = b""
    seq: int = 1

    def take(self, line: bytes) -> bool:
        """Does the chain go on with this line?"""
        return self._seal(line) if line.startswith(_SEAL) else self._record(line)

    def _record(self, line: bytes) -> bool:
        from pycoconut.audit import Record, RecordError

        try:
            record = Record.parse(line)
        except RecordError:
            return False
        if record.seq != self.seq or record.boot.hex().encode() != self.boot:
            return False
        if record.seq == 1:
            self.key = record.object[:32]
        self.seq += 1
        self.pending += line
        return True

    def _seal(self, line: bytes) -> bool:
        from pycoconut.audit import Seal
        from pycoconut.audit.epoch import Task, check_epoch

        task = Task(self.pending, line, self.boot, self.epoch, self.first, self.head, self.key)
        if self.key is None or check_epoch(task).problem:
            return False
        self._after(Seal.parse(line))
        return True

    def _after(self, seal: Seal) -> None:
        self.epoch, self.first, self.seq = seal.epoch + 1, seal.last + 1, seal.last + 1
        self.head, self.key, self.pending = seal.head, seal.next, b""

    @classmethod
    def after(cls, boot: str, text: bytes) -> _Chain | None:
        """Behind the whole lines of a boot's log, which ends with @text; None: it cannot be."""
        from pycoconut.audit import Seal, SealError

        chain = cls(boot.encode())
        at = text.rfind(b"\n" + _SEAL) + 1
        if text.startswith(_SEAL, at):
            end = text.index(b"\n", at) + 1
            try:
                chain._after(Seal.parse(text[at:end]))
            except SealError:
                return None
            text = text[end:]
        elif not text.startswith(_FIRST) and text:
            return None
        return chain if all(chain.take(line) for line in text.splitlines(True)) else None


def continuation(boot: str, log: bytes, memory: bytes) -> bytes:
    """What memory has beyond the whole lines @log of a boot, as far as it is that boot's chain."""
    chain = _Chain.after(boot, log)
    if chain is None:
        return b""
    last = log[log.rfind(b"\n", 0, max(0, len(log) - 1)) + 1 :] if log else b""
    found = memory.rfind(last) if last else memory.rfind(_FIRST + boot.encode())
    if found < 0:
        return b""
    taken, sure = b"", 0
    for line in memory[found + len(last) :].splitlines(True):
        if not chain.take(line):
            # Under a seal that is wrong nothing is known of its records.
            return taken[:sure] if line.startswith(_SEAL) else taken
        taken += line
        sure = len(taken) if line.startswith(_SEAL) else sure
    return taken


def recover(folder: Path, kept: Path = KEPT) -> int:
    """Make a shard of what memory has beyond a boot's last one; return how many lines it has.

    What was kept is let go of once it is on the disk, or nothing of it is of use.

    Raises:
        ShardError: A shard cannot be read.
        OSError: The disk is full or broken.
    """
    if not kept.exists():
        return 0
    found = names(folder)
    lines = 0
    if found and found[-1].suffix != ".zst":
        lines = _merge(found, kept.read_bytes())
    kept.unlink()
    return lines


def _merge(found: list[Path], memory: bytes) -> int:
    path, data = found[-1], contents(found[-1])
    first = data.find(b"\n", 0, HEADER_MAX) + 1
    if not first:
        return 0
    header = ShardHeader.parse(data[:first])
    whole = data.rfind(b"\n") + 1
    before = contents(found[-2]) if len(found) > 1 else b""
    log = data[first:whole]
    more = continuation(header.boot, before[before.find(b"\n") + 1 :] + log, memory)
    if not more:
        return 0
    if whole < len(data):
        # A line that was cut off stands in memory as a whole.
        os.truncate(path, whole)
    _write(path, header, header.at + len(log), data[:whole], more)
    return more.count(b"\n")


def _write(last: Path, header: ShardHeader, at: int, data: bytes, more: bytes) -> None:
    fresh = ShardHeader(
        header.number + 1, header.boot, at, header.boot, digest(data), recovered=True
    )
    path = last.with_name(f"{fresh.number:04}.jsonl")
    with path.open("xb") as file:
        file.write(fresh.line() + more)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), 0o440)
    sync_folder(path.parent)
