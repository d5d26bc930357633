# SPDX-License-Identifier: Apache-2.0
"""The persister: the chain, from the kernel's memory into shards.

The kernel keeps what was not acknowledged, and slows whoever makes more. So when a
disk is full or broken nothing is given up here: what was written since the last
acknowledgement is read and written again.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path

from pycoconut import abi
from pycoconut.daemon import boots, rollback, tail
from pycoconut.daemon.shards import ShardError, Shards, last_of
from pycoconut.shard import ShardHeader

__all__ = ["Persister"]

READ_SIZE = 1 << 20
"""Bytes that one turn takes from the kernel, and makes durable at once."""

_BOOT = re.compile(r"[0-9a-f]{32}")
_LINE_MAX = 16 << 10
_SEAL = b'{"seal":'
_LINK = struct.Struct("<32sQ16s")


class Persister:
    """Takes what the kernel offers, and acknowledges what the disk has."""

    def __init__(
        self, source: Path, log: Path, boot: str, say: Callable[[str], None] = lambda _: None
    ) -> None:
        """Begin to keep the log: the kernel waits for us from here on.

        Args:
            source: chain.log; figures are in the file stats beside it.
            log: Where the boots' folders are.
            boot: This boot's id, 32 hex digits.
            say: Is told what an operator should know.

        Raises:
            OSError: The chain cannot be opened for writing.
        """
        if not _BOOT.fullmatch(boot):
            raise ShardError(f"{boot!r} is no boot id")
        self.boot = boot
        self.log = log
        self._say = say
        self._stats = source.parent / "stats"
        self._shards: Shards | None = None
        self._tail = b""
        self._memory = tail.Memory()
        self._fd = os.open(source, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self.acknowledged = self._persisted()

    def fileno(self) -> int:
        """To wait on: readable when the chain grew."""
        return self._fd

    @property
    def shard(self) -> int | None:
        """Number of the shard that grows; None where none is open."""
        return self._shards.number if self._shards else None

    def _persisted(self) -> int:
        """What the kernel was told, by whomever."""
        found = re.search(r"^persisted_seq (\d+)$", self._stats.read_text(), re.MULTILINE)
        if not found:
            raise ShardError(f"{self._stats}: no persisted_seq")
        return int(found[1])

    # ---- going on ----

    def _open(self) -> Shards:
        """Find the place on the disk, and the same one in the kernel's text."""
        boots.enter(self.log, self.boot)
        before = boots.before(self.log, self.boot)
        if before is not None and (lines := tail.recover(before)):
            self._say(f"{lines} lines of boot {before.name} were found in memory")
        end = boots.ending(before)
        first = ShardHeader(0, self.boot, 0, end.boot, end.shard)
        shards = Shards(self.log / self.boot, first, self._persisted())
        if self._link(end):
            self._compare(before)
        os.lseek(self._fd, shards.at, os.SEEK_SET)
        self._tail = b""
        self._shards = shards
        return shards

    def _compare(self, before: Path | None) -> None:
        """Say where the TPM has counted boots that this disk does not have."""
        wrong = rollback.verdict(rollback.count_of(before), rollback.count_now(self._fd))
        if wrong:
            self._say(wrong)

    def _link(self, end: boots.Ending) -> bool:
        """Name the boot before this one in the chain, and that it has no end.

        Returns:
            Whether that was done now, and not by who was here before.
        """
        if end == boots.Ending():
            return False
        link = _LINK.pack(bytes.fromhex(end.head), end.last, bytes.fromhex(end.boot))
        fresh = self._once(abi.IOC_LINK, link)
        if not end.clean and self._once(abi.IOC_GAP, struct.pack("<Q", end.found)):
            self._say(
                f"boot {end.boot} ended without closing its chain: sealed to record {end.last}, "
                f"found to {end.found}, what came after is not known"
            )
        return fresh

    def _once(self, number: int, argument: bytes) -> bool:
        """False where the one before us did it."""
        try:
            fcntl.ioctl(self._fd, number, argument)
        except OSError as error:
            if error.errno != errno.EALREADY:
                raise
            return False
        return True

    def let_go(self) -> None:
        """Forget the files: what is not acknowledged is written once more by the next pump()."""
        if self._shards:
            self._shards.close()
            self._shards = None

    # ---- the kernel ----

    def pump(self) -> int:
        """Take at most READ_SIZE bytes; return how many came. 0: nothing new.

        Raises:
            OSError: The disk is full or broken. Call it again later.
        """
        try:
            shards = self._shards or self._open()
            data = self._read(shards)
            if data:
                self._take(shards, data)
        except OSError:
            self.let_go()
            raise
        return len(data)

    def _read(self, shards: Shards) -> bytes:
        expected = os.lseek(self._fd, 0, os.SEEK_CUR)
        try:
            data = os.read(self._fd, READ_SIZE)
        except BlockingIOError:
            return b""
        start = os.lseek(self._fd, 0, os.SEEK_CUR) - len(data)
        self._memory.write(start, data)
        if data and start != expected:
            self._tail = b""
            if not shards.skip_to(start):
                self._say(f"{start - expected} bytes of the chain were gone before they were kept")
        return data

    def _take(self, shards: Shards, data: bytes) -> None:
        """Write what came; up to its last seal it is made durable and acknowledged."""
        text = self._tail + data
        end = text.rfind(b"\n") + 1
        # A line has a bound in the kernel; what is longer is not kept to be looked at.
        self._tail = text[end:][-_LINE_MAX:]
        seal = text.rfind(b"\n" + _SEAL, 0, end) + 1
        if not text.startswith(_SEAL, seal, end):
            shards.write(data)
            return
        after = len(text) - text.index(b"\n", seal) - 1
        shards.write(data[: len(data) - after])
        shards.sync()
        self._acknowledge(last_of(text[seal:end]))
        if shards.full:
            shards.rotate()
        shards.write(data[len(data) - after :])

    def _acknowledge(self, seq: int) -> None:
        fcntl.ioctl(self._fd, abi.IOC_PERSISTED, struct.pack("<Q", seq))
        self.acknowledged = max(self.acknowledged, seq)

    # ---- ending ----

    def close_chain(self) -> None:
        """Have the kernel make the last seal. After it no agent can act.

        Raises:
            OSError: There is none yet, but what there is can be read.
        """
        self._once(abi.IOC_CLOSE, b"")

    def close(self) -> None:
        """Let go of everything; the next one has a minute to come."""
        self.let_go()
        self._memory.close()
        os.close(self._fd)
