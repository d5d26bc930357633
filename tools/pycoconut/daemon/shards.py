# SPDX-License-Identifier: Apache-2.0
"""The persister: the chain, from the kernel's memory to append-only files.

A shard is a header line (pycoconut.shard) and then the bytes of chain.log as the
kernel gave them. All state is in the files: the place to go on from is that of the
last shard and the number of the kernel's bytes in it, a line that a crash cut in two
included.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import struct
from pathlib import Path

from pycoconut import abi
from pycoconut.errors import CoconutError
from pycoconut.shard import HEADER_MARK, HEADER_MAX, NO_BOOT, NO_DIGEST, ShardHeader

__all__ = ["Persister", "ShardError", "last_seal"]

SHARD_MAX = 16 << 20
"""Bytes after which the next seal ends a shard."""

READ_SIZE = 64 << 10
"""Bytes that one turn of the daemon's loop takes from the kernel."""

_NAME = re.compile(r"[0-9]{4,}\.jsonl")
_BOOT = re.compile(r"[0-9a-f]{32}")
_LINE_MAX = 16 << 10
_SEAL = b'{"seal":'
_LINK = struct.Struct("<32sQ16s")


class ShardError(CoconutError):
    """The files on the disk are not what this daemon wrote."""


def _digest(path: Path) -> str:
    # Slow to load, and needed only when a shard is full.
    from blake3 import blake3

    return str(blake3(path.read_bytes()).hexdigest())


def _shards(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if _NAME.fullmatch(p.name))


def last_seal(folder: Path) -> tuple[str, int] | None:
    """Head and last record of the newest seal in a boot's shards; None where there is none."""
    for path in reversed(_shards(folder)):
        # A crash may have cut the last line in two.
        for line in reversed(path.read_bytes().split(b"\n")[:-1]):
            if line.startswith(_SEAL):
                try:
                    row = json.loads(line)
                    return str(row["head"]), int(row["last"])
                except (ValueError, KeyError, TypeError) as error:
                    raise ShardError(f"{path}: a seal that is none: {error}") from error
    return None


class Persister:
    """Takes what the kernel offers, and acknowledges what the disk has."""

    def __init__(self, source: Path, folder: Path, boot: str, before: Path | None = None) -> None:
        """@folder is the boot's own, made when missing. @boot: 32 hex digits.

        @before: folder of the boot before.
        """
        if not _BOOT.fullmatch(boot):
            raise ShardError(f"{boot!r} is no boot id")
        self.boot = boot
        self.folder = folder
        self.acknowledged = 0
        self.sealed = 0
        self._tail = b""
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        self.fresh = not _shards(folder)
        self._fd = os.open(source, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._resume(before)

    def fileno(self) -> int:
        """To wait on: readable when the chain grew."""
        return self._fd

    # ---- files ----

    def _open(self, header: ShardHeader) -> None:
        self._path = self.folder / f"{header.number:04}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._shard = os.open(self._path, flags, 0o640)
        self._header, self._size = header, 0
        self._write(header.line())
        os.fsync(self._shard)
        self._sync_folder()

    def _sync_folder(self) -> None:
        fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            done = os.write(self._shard, view)
            self._size += done
            view = view[done:]

    def _resume(self, before: Path | None) -> None:
        """Go on where the files end."""
        shards = _shards(self.folder)
        # A crash between making a shard and its header leaves an empty one.
        while shards and _header(shards[-1]) is None:
            shards.pop().unlink()
        header = _header(shards[-1]) if shards else None
        if header is None:
            self._open(ShardHeader(0, self.boot, 0, *_last_of_boot(before)))
            return
        self._header, self._path = header, shards[-1]
        self._size = self._path.stat().st_size
        have = header.at + self._size - len(header.line())
        self._shard = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        os.lseek(self._fd, have, os.SEEK_SET)
        data = self._path.read_bytes()
        self._tail = data[data.rfind(b"\n") + 1 :]
        found = last_seal(self.folder)
        if found:
            self._acknowledge(found[1])

    def _rotate(self) -> None:
        os.fsync(self._shard)
        os.close(self._shard)
        os.chmod(self._path, 0o440)
        at = self._header.at + self._size - len(self._header.line())
        number = self._header.number + 1
        self._open(ShardHeader(number, self.boot, at, self.boot, _digest(self._path)))

    # ---- the kernel ----

    def _acknowledge(self, seq: int) -> None:
        self.sealed = max(self.sealed, seq)
        os.fsync(self._shard)
        fcntl.ioctl(self._fd, abi.IOC_PERSISTED, struct.pack("<Q", seq))
        self.acknowledged = max(self.acknowledged, seq)

    def link(self, head: str, last: int, boot: str) -> None:
        """Name the boot before this one in the chain."""
        argument = _LINK.pack(bytes.fromhex(head), last, bytes.fromhex(boot))
        fcntl.ioctl(self._fd, abi.IOC_LINK, argument)

    def pump(self) -> int:
        """Take at most READ_SIZE bytes; return how many came. 0: nothing new.

        Raises:
            OSError: The disk is full or broken: the kernel keeps what was not acknowledged.
        """
        try:
            data = os.read(self._fd, READ_SIZE)
        except BlockingIOError:
            return 0
        if data:
            self._take(data)
        return len(data)

    def _take(self, data: bytes) -> None:
        """Write what came; up to its last seal it is made durable and acknowledged."""
        lines = (self._tail + data).split(b"\n")
        # A line has a bound in the kernel; what is longer is not kept to be looked at.
        self._tail = lines.pop()[-_LINE_MAX:]
        seal = next((n for n in reversed(range(len(lines))) if lines[n].startswith(_SEAL)), None)
        if seal is None:
            self._write(data)
            return
        after = sum(len(line) + 1 for line in lines[seal + 1 :]) + len(self._tail)
        self._write(data[: len(data) - after])
        self._acknowledge(_last_of(lines[seal]))
        if self._size >= SHARD_MAX:
            self._rotate()
        self._write(data[len(data) - after :])

    def end(self) -> None:
        """Have the kernel close the chain, and keep all of it, the final seal too.

        After it no agent can act: for the end of the system only.
        """
        refused: OSError | None = None
        try:
            fcntl.ioctl(self._fd, abi.IOC_CLOSE)
        except OSError as error:
            # EALREADY: a daemon before this one was killed here.
            refused = error if error.errno != errno.EALREADY else None
        while self.pump():
            pass
        os.fsync(self._shard)
        os.close(self._shard)
        os.close(self._fd)
        if refused:
            raise refused


def _header(path: Path) -> ShardHeader | None:
    """The header; None where it is not whole."""
    with path.open("rb") as shard:
        line = shard.readline(HEADER_MAX)
    whole = line.startswith(HEADER_MARK) and line.endswith(b"\n")
    return ShardHeader.parse(line) if whole else None


def _last_of_boot(folder: Path | None) -> tuple[str, str]:
    """Boot and digest of the last shard in a boot's folder."""
    shards = _shards(folder) if folder else []
    return (shards[-1].parent.name, _digest(shards[-1])) if shards else (NO_BOOT, NO_DIGEST)


def _last_of(seal: bytes) -> int:
    """The last record that a seal covers."""
    found = re.match(rb'\{"seal":\d{1,20},"first":\d{1,20},"last":(\d{1,20}),', seal)
    if not found:
        raise ShardError(f"the kernel wrote a seal that is none: {seal[:80]!r}")
    return int(found[1])
