# SPDX-License-Identifier: Apache-2.0
"""Shards: the files of a boot's chain, of which the last one grows.

A shard is a header line (pycoconut.shard) and then the bytes of chain.log as the
kernel gave them. All state is in the files and in what the kernel was told is
durable. What was not acknowledged is written once more by whoever goes on: of pages
that a disk once failed to take nobody knows whether they are there, and the same bytes
at the same place can be written any number of times.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pycoconut.errors import CoconutError
from pycoconut.shard import HEADER_MARK, HEADER_MAX, ShardHeader

__all__ = [
    "SHARD_MAX",
    "ShardError",
    "Shards",
    "contents",
    "digest",
    "last_of",
    "names",
    "seals",
    "sync_folder",
]

SHARD_MAX = 16 << 20
"""Bytes after which the next seal ends a shard."""

_NAME = re.compile(r"([0-9]{4,})\.jsonl(?:\.zst)?")
_SEAL = re.compile(rb'^\{"seal":\d{1,20},"first":\d{1,20},"last":(\d{1,20}),', re.MULTILINE)


class ShardError(CoconutError):
    """The files on the disk are not what this daemon wrote."""


def digest(data: bytes) -> str:
    """BLAKE3, 64 hex digits."""
    # Slow to load, and needed only when a shard is full.
    from blake3 import blake3

    return str(blake3(data).hexdigest())


def names(folder: Path) -> list[Path]:
    """A folder's shards in order; of one that is there in both forms the plain one."""
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir(), reverse=True) if folder.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match:
            found[int(match[1])] = path
    return [found[number] for number in sorted(found)]


def contents(path: Path) -> bytes:
    """All of a shard, uncompressed.

    Raises:
        ShardError: zstd cannot read it, or is not there.
    """
    if path.suffix != ".zst":
        return path.read_bytes()
    try:
        done = subprocess.run(["zstd", "-dcq", "--", str(path)], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ShardError(f"{path}: {error}") from error
    return done.stdout


def seals(data: bytes) -> Iterator[tuple[int, int]]:
    """The last record of each seal, and where its line ends; a line cut in two is none."""
    for match in _SEAL.finditer(data):
        end = data.find(b"\n", match.end()) + 1
        if end:
            yield int(match[1]), end


def last_of(seal: bytes) -> int:
    """The last record that a seal covers, by its line."""
    found = _SEAL.match(seal)
    if not found:
        raise ShardError(f"the kernel wrote a seal that is none: {seal[:80]!r}")
    return int(found[1])


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _header(data: bytes) -> ShardHeader | None:
    """None where it is not whole."""
    line, newline, _ = data[:HEADER_MAX].partition(b"\n")
    whole = line.startswith(HEADER_MARK) and newline
    return ShardHeader.parse(line + newline) if whole else None


class Shards:
    """The shards of one boot, open for writing at the place from which to go on."""

    def __init__(self, folder: Path, first: ShardHeader, acknowledged: int) -> None:
        """Go on where the last durable byte is.

        Args:
            folder: The boot's own, made when missing.
            first: Header of its first shard.
            acknowledged: The last record of which the kernel knows that it is durable.

        Raises:
            OSError: The disk is full or broken.
            ShardError: The files are none of ours.
        """
        self.folder = folder
        self._first = first
        self._fd = -1
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        try:
            self._go_on(acknowledged)
        except OSError:
            self.close()
            raise

    @property
    def at(self) -> int:
        """Where in chain.log the next byte to be written stands."""
        return self._header.at + self._size - len(self._header.line())

    @property
    def number(self) -> int:
        """Of the one that grows."""
        return self._header.number

    @property
    def full(self) -> bool:
        """Should it end with this seal?"""
        return self._size >= SHARD_MAX

    def _go_on(self, acknowledged: int) -> None:
        found = names(self.folder)
        if found and found[-1].stat().st_size <= HEADER_MAX and not _header(contents(found[-1])):
            # It was made, and the disk was full or the power went before its header was there.
            found.pop().unlink()
        if not found:
            self._create(self._first)
        elif found[-1].suffix == ".zst":
            self._create(_next(contents(found[-1]), found[-1]))
        else:
            self._reopen(found[-1], acknowledged)

    def _create(self, header: ShardHeader) -> None:
        self._path = self.folder / f"{header.number:04}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._fd = os.open(self._path, flags, 0o640)
        self._header, self._size, self._length = header, 0, 0
        self.write(header.line())
        os.fsync(self._fd)
        sync_folder(self.folder)
        sync_folder(self.folder.parent)

    def _reopen(self, path: Path, acknowledged: int) -> None:
        data = path.read_bytes()
        header = _header(data)
        if header is None or header.boot != self._first.boot:
            raise ShardError(f"{path}: no shard of boot {self._first.boot}")
        self._path, self._header, self._length = path, header, len(data)
        self._size, durable = len(header.line()), 0
        for last, end in seals(data):
            # Of seals over the same records the first: empty epochs are acknowledged with it.
            if durable < last <= acknowledged:
                self._size, durable = end, last
        self._fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        os.lseek(self._fd, self._size, os.SEEK_SET)

    def write(self, data: bytes | memoryview) -> None:
        """Add bytes; they are durable after sync()."""
        view = memoryview(data)
        while view:
            done = os.write(self._fd, view)
            self._size += done
            view = view[done:]
        self._length = max(self._length, self._size)

    def skip_to(self, at: int) -> bool:
        """The kernel has nothing before @at any more. Is what it had in the file already?

        Where it is not, that part is lost to the disk: a new shard begins behind it.
        """
        skipped = at - self.at
        if self._size + skipped <= self._length:
            self._size = os.lseek(self._fd, self._size + skipped, os.SEEK_SET)
            return True
        self._size = self._length
        self._end(at)
        return False

    def sync(self) -> None:
        """All that was written is durable when this returns."""
        os.fsync(self._fd)

    def rotate(self) -> None:
        """End this shard, which is synced, and begin the next."""
        self._end(self.at)

    def _end(self, at: int) -> None:
        # Behind the place there may be bytes of one who was here before.
        os.ftruncate(self._fd, self._size)
        os.fsync(self._fd)
        os.fchmod(self._fd, 0o440)
        self.close()
        number, boot = self._header.number + 1, self._header.boot
        self._create(ShardHeader(number, boot, at, boot, digest(self._path.read_bytes())))

    def close(self) -> None:
        """Let go of the file, as it is."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def _next(data: bytes, path: Path) -> ShardHeader:
    """Header of the shard behind one that was ended."""
    header = _header(data)
    if header is None:
        raise ShardError(f"{path}: no shard")
    at = header.at + len(data) - len(header.line())
    return ShardHeader(header.number + 1, header.boot, at, header.boot, digest(data))
