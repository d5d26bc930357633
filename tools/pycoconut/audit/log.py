# SPDX-License-Identifier: Apache-2.0
"""Logs as files: chain.log as the kernel shows it, or the shards that coconutd keeps."""

from __future__ import annotations

import mmap
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from ..errors import CoconutError
from ..shard import HEADER_MARK, ShardHeader, ShardHeaderError
from .seal import MARK

__all__ = ["Block", "LogError", "blocks", "files"]

FIRST_MARK = b'{"seq":1,"'
LOG_NAMES = ("*.log", "*.log.zst", "*.jsonl", "*.jsonl.zst")
READ = 1 << 20


class LogError(CoconutError):
    """Files that are no log, or cannot be read as one."""


@dataclass(frozen=True)
class Block:
    """The records of an epoch and its seal; or what follows the last seal.

    Attributes:
        records: Lines of records, as they stand.
        seal: Line of the seal; None after the last one.
        opens: Is this the first block of a boot?
        problem: What is wrong with the files here; empty: nothing.
        boot: Boot id by the shard's header, 32 hex digits; empty where it has none.
        pruned: The shard says that records were taken out of it, and here there are none.
    """

    records: bytes
    seal: bytes | None
    opens: bool
    problem: str = ""
    boot: bytes = b""
    pruned: bool = False


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


def _open(path: Path, stack: ExitStack) -> BinaryIO:
    if path.suffix != ".zst":
        return stack.enter_context(path.open("rb"))
    program = shutil.which("zstd")
    if program is None:
        raise LogError(f"{path}: compressed, and there is no zstd", hint="apt install zstd")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    plain = folder / path.stem
    command = [program, "-dq", "-o", str(plain), "--", str(path)]
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise LogError(f"{path}: zstd cannot read it")
    return stack.enter_context(plain.open("rb"))


def _contents(file: BinaryIO, stack: ExitStack) -> bytes | mmap.mmap:
    """All of a file: mapped where that is possible; /agent cannot be."""
    try:
        return stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError):
        return b"".join(iter(lambda: file.read(READ), b""))


@dataclass
class _Shards:
    """Do the headers follow from each other?"""

    last: ShardHeader | None = None
    digest: str = ""

    def header(self, line: bytes) -> str:
        """What is wrong with the next one; empty: nothing."""
        try:
            header = ShardHeader.parse(line)
            header.check_after(self.last, self.digest)
        except ShardHeaderError as error:
            return str(error)
        self.last = header
        return ""

    def close(self, data: bytes | mmap.mmap) -> None:
        """Takes the digest of a shard that was read."""
        assert self.last is not None
        self.digest = self.last.pruned or digest(data)


def digest(data: bytes | mmap.mmap) -> str:
    """BLAKE3 of a shard."""
    state = blake3()
    for start in range(0, len(data), READ):
        state.update(data[start : start + READ])
    return state.hexdigest()


def blocks(paths: Sequence[Path]) -> Iterator[Block]:
    """The blocks of one or more files, read as one log. Lines are not looked into.

    Raises:
        LogError: A file cannot be read as a log.
        OSError: A file cannot be read.
    """
    shards = _Shards()
    kept = b""
    for path in paths:
        with ExitStack() as stack:
            data = _contents(_open(path, stack), stack)
            start = 0
            if data[: len(HEADER_MARK)] == HEADER_MARK:
                start = data.find(b"\n") + 1 or len(data)
                problem = shards.header(data[:start])
                if problem:
                    yield Block(kept, None, False, f"{path.name}: {problem}")
                    return
            kept = yield from _split(data, start, kept, shards.last if start else None)
            if start:
                shards.close(data)
    for records in _boots(kept):
        yield Block(records, None, _opens(records))


def _opens(data: bytes) -> bool:
    return data.startswith(FIRST_MARK)


def _split(
    data: bytes | mmap.mmap, start: int, kept: bytes, header: ShardHeader | None
) -> Generator[Block, None, bytes]:
    """Yields the blocks that a seal closes; returns what stands after the last seal."""
    boot = header.boot.encode() if header else b""
    pruned = bool(header and header.pruned)
    while True:
        at = (
            start if data[start : start + len(MARK)] == MARK else data.find(b"\n" + MARK, start) + 1
        )
        if at == 0:
            return kept + data[start:]
        end = data.find(b"\n", at) + 1 or len(data)
        records = kept + data[start:at]
        kept, start = b"", end
        *cut_off, records = _boots(records) or [b""]
        for tail in cut_off:
            yield Block(tail, None, _opens(tail))
        bare = pruned and not records
        yield Block(records, bytes(data[at:end]), _opens(records), boot=boot, pruned=bare)


def _boots(records: bytes) -> list[bytes]:
    """Split where a boot opens: one that was cut off has a tail without a seal."""
    found = []
    start = 0
    while start < len(records):
        end = records.find(b"\n" + FIRST_MARK, start) + 1 or len(records)
        found.append(records[start:end])
        start = end
    return found
