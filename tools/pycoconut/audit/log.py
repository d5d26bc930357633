# SPDX-License-Identifier: Apache-2.0
"""Logs as files: chain.log as the kernel shows it, or the shards that coconutd keeps.

Files are read as one stream, in pieces: memory is that of the longest epoch.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from blake3 import blake3

from ..errors import CoconutError
from ..shard import HEADER_MARK, HEADER_MAX, ShardHeader, ShardHeaderError
from .record import LINE_MAX
from .seal import MARK

__all__ = ["EPOCH_MAX", "FIRST_MARK", "Block", "LogError", "Progress", "blocks", "files"]

#: How the line of a boot's first record starts.
FIRST_MARK = b'{"seq":1,"'
LOG_NAMES = ("*.log", "*.log.zst", "*.jsonl", "*.jsonl.zst")
READ = 1 << 20
#: Records that the tree of an epoch has room for in the kernel.
EPOCH_MAX = 65535
EPOCH_BYTES = EPOCH_MAX * LINE_MAX
#: Is told how many bytes were read so far; of packed files, no more than they have.
Progress = Callable[[int], None]


class LogError(CoconutError):
    """Files that are no log, or cannot be read as one."""


@dataclass(frozen=True)
class Block:
    """The records of an epoch and its seal; or what follows the last seal.

    Attributes:
        records: Lines of records, as they stand.
        seal: Line of the seal; None after the last one.
        opens: A shard 0 begins with it.
        boot: Boot id in hexadecimal, as the shard's header has it; empty: there is none.
        pruned: The shard says that records were taken out of it, and here there are none.
        problem: What is wrong with the files after these records; empty: nothing.
        recovered: The shard says that it outlived a reset in memory.
    """

    records: bytes
    seal: bytes | None
    opens: bool = False
    boot: bytes = b""
    pruned: bool = False
    problem: str = ""
    recovered: bool = False

    @property
    def first(self) -> bool:
        """Does it start as the first record of a boot does?"""
        return self.records.startswith(FIRST_MARK)


def files(paths: Sequence[Path]) -> list[Path]:
    """Directories replaced by the logs in them, in order of their names.

    Of a shard that was being compressed when the power went there are both forms: one counts.

    Raises:
        LogError: A directory holds none.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(p for pattern in LOG_NAMES for p in path.glob(pattern))
        if not inside:
            raise LogError(f"{path}: no logs in it", hint=f"names: {', '.join(LOG_NAMES)}")
        found += (p for p in inside if p.suffix != ".zst" or p.with_suffix("") not in inside)
    return found


def _pieces(path: Path) -> Iterator[bytes | str]:
    """A file's bytes, unpacked; last, if they end too early, what is wrong."""
    if path.suffix != ".zst":
        with path.open("rb") as file:
            yield from _read(file)
        return
    program = shutil.which("zstd")
    if program is None:
        raise LogError(f"{path}: compressed, and there is no zstd", hint="apt install zstd")
    with path.open("rb") as file:
        process = subprocess.Popen([program, "-dcq"], stdin=file, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield from _read(process.stdout)
        if process.wait():
            yield "zstd cannot read it to its end"
    finally:
        process.stdout.close()
        process.wait()


def _read(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(READ):
        yield piece


class _Shards:
    """Do the headers follow from each other?

    Attributes:
        last: Header of the shard being read; None: there was none.
    """

    def __init__(self) -> None:
        self.last: ShardHeader | None = None
        self._digest = blake3()
        self._end = 0

    def header(self, line: bytes, begun: bool) -> str:
        """Takes the header of the next shard; `begun`: something came before all shards.

        Returns what is wrong with it; empty: nothing.
        """
        before = self.last
        digest = before.pruned if before and before.pruned else self._digest.hexdigest()
        end = None if before is None or before.pruned else self._end
        try:
            header = ShardHeader.parse(line)
            header.check_after(before, digest, end)
        except ShardHeaderError as error:
            return str(error)
        if before is None and begun and header.number:
            return "a shard follows what is none"
        self.last, self._end, self._digest = header, header.at, blake3(line)
        return ""

    def take(self, data: bytes) -> None:
        """Takes what stands in the shard."""
        if self.last is not None:
            self._digest.update(data)
            self._end += len(data)


class _Reader:
    """Cuts the stream of all files into blocks."""

    def __init__(self) -> None:
        self.shards = _Shards()
        self.kept = bytearray()
        self.looked = 0
        self.taken = 0
        self.begun = False
        self.opens = False
        self.boot = b""
        self.pruned = False
        self.recovered = False

    def block(self, size: int, seal: bytes | None = None, problem: str = "") -> Block:
        """The next so many bytes, which are no longer kept."""
        records = bytes(memoryview(self.kept)[:size])
        del self.kept[: size + len(seal or b"")]
        self.looked = 0
        opens, self.opens = self.opens, False
        bare = seal is not None and not records and self.pruned
        return Block(records, seal, opens, self.boot, bare, problem, self.recovered)

    def file(self, path: Path) -> Iterator[Block]:
        """Blocks that end in this file; after one with a problem nothing is to be read."""
        first = True
        self.taken = 0
        for piece in _pieces(path):
            if isinstance(piece, str):
                yield self.block(len(self.kept), problem=f"{path.name}: {piece}")
                return
            self.taken += len(piece)
            if first and (yield from self._start(path, piece)):
                return
            if not first:
                self._more(piece)
            first = False
            yield from self._split()
            if len(self.kept) > EPOCH_BYTES:
                # Too much to be an epoch: one of these lines is wrong.
                yield self.block(len(self.kept), problem=f"{path.name}: an epoch without a seal")
                return

    def _keep(self, data: bytes) -> None:
        """Takes what stands in a file, less its header."""
        shard = self.shards.last
        if data and shard is not None:
            self.recovered = shard.recovered
        self.kept += data

    def _more(self, piece: bytes) -> None:
        self.shards.take(piece)
        self._keep(piece)
        self.begun = True

    def _start(self, path: Path, piece: bytes) -> Generator[Block, None, str]:
        """Takes the first piece of a file; returns what is wrong with its header."""
        head = piece[:HEADER_MAX]
        # The start of a header and nothing more was cut off when the shard was made.
        begun = len(head) < HEADER_MAX and b"\n" not in head
        begun = begun and head[: len(HEADER_MARK)] == HEADER_MARK[: len(head)]
        problem, size = "", 0
        if head.startswith(HEADER_MARK) and not begun:
            size = head.find(b"\n") + 1 or len(head)
            fresh = self.shards.last is None
            problem = self.shards.header(head[:size], self.begun)
            if not problem:
                yield from self._headed(fresh)
        elif self.shards.last is not None and not begun:
            problem = "a file without the header of a shard"
        if problem:
            yield self.block(len(self.kept), problem=f"{path.name}: {problem}")
            return problem
        self.shards.take(piece[size:])
        self._keep(piece[size:])
        self.begun = self.begun or len(piece) > size
        return problem

    def _headed(self, fresh: bool) -> Iterator[Block]:
        """Another shard begins; no line goes on from one boot into the next."""
        header = self.shards.last
        assert header is not None
        if fresh or header.number == 0:
            if self.kept or self.opens:
                yield self.block(len(self.kept))
            self.boot, self.opens = header.boot.encode(), True
        self.pruned = bool(header.pruned)

    def _split(self) -> Iterator[Block]:
        """The blocks that are whole, and the tails of boots that others follow."""
        while True:
            at = self._line_of(MARK)
            first = self._line_of(FIRST_MARK, 1, len(self.kept) if at < 0 else at)
            if first > 0:
                yield self.block(first)
                continue
            if at < 0:
                self.looked = max(0, len(self.kept) - max(len(MARK), len(FIRST_MARK)))
                return
            end = self.kept.find(b"\n", at, at + LINE_MAX) + 1
            if not end and len(self.kept) - at <= LINE_MAX:
                self.looked = max(0, at - 1)
                return
            end = end or at + LINE_MAX + 1
            yield self.block(at, bytes(memoryview(self.kept)[at:end]))

    def _line_of(self, mark: bytes, start: int = 0, end: int | None = None) -> int:
        """Where the first line that starts so begins; -1: nowhere."""
        if start == 0 and self.kept.startswith(mark):
            return 0
        at = self.kept.find(b"\n" + mark, self.looked, end)
        return at + 1 if at >= 0 else -1


def _silent(_: int) -> None:
    """Nobody watches."""


def blocks(paths: Sequence[Path], progress: Progress = _silent) -> Iterator[Block]:
    """The blocks of one or more files, read as one log. Lines are not looked into.

    Raises:
        LogError: A file cannot be read as a log.
        OSError: A file cannot be read.
    """
    reader = _Reader()
    before = 0
    for path in paths:
        # What is no plain file has no size.
        size = path.stat().st_size
        for block in reader.file(path):
            progress(before + min(reader.taken, size or reader.taken))
            yield block
            if block.problem:
                return
        before += size or reader.taken
        progress(before)
    if reader.kept or reader.opens:
        yield reader.block(len(reader.kept))
