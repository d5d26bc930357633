# SPDX-License-Identifier: Apache-2.0
"""Logs as files: chain.log as the kernel shows it, or the shards that coconutd keeps.

A shard opens with a line that names it and holds the BLAKE3 of the shard before
(of its uncompressed bytes):

    {"shard":3,"boot":"<32 hex>","prev":"<64 hex>"}
"""

from __future__ import annotations

import mmap
import re
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
from .seal import MARK

__all__ = ["Block", "LogError", "blocks", "files", "shard_header"]

HEADER_MARK = b'{"shard":'
HEADER = re.compile(
    rb'\{"shard":(0|[1-9][0-9]{0,19}),"boot":"([0-9a-f]{32})","prev":"([0-9a-f]{64})"\}\n'
)
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
    """

    records: bytes
    seal: bytes | None
    opens: bool
    problem: str = ""


def shard_header(number: int, boot: bytes, prev: bytes) -> bytes:
    """First line of a shard; `prev`: BLAKE3 of the shard before, zeros in the first."""
    return f'{{"shard":{number},"boot":"{boot.hex()}","prev":"{prev.hex()}"}}\n'.encode()


def files(paths: Sequence[Path]) -> list[Path]:
    """Directories replaced by the logs in them, in order of their names.

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
        found += inside
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

    number: int = 0
    boot: bytes = b""
    digest: bytes = bytes(32)
    seen: bool = False

    def header(self, line: bytes) -> str:
        match = HEADER.fullmatch(line)
        if match is None:
            return "not the header of a shard"
        number, boot, prev = int(match[1]), match[2], bytes.fromhex(match[3].decode())
        fresh = number == 0 or not self.seen
        if fresh:
            problem = "" if number or prev == bytes(32) else "shard 0 names one before it"
        elif number != self.number + 1 or boot != self.boot:
            problem = f"shard {number} does not follow shard {self.number}"
        else:
            problem = "" if prev == self.digest else f"shard {self.number} was changed"
        self.number, self.boot, self.seen = number, boot, True
        return problem

    def close(self, data: bytes | mmap.mmap) -> None:
        state = blake3()
        for start in range(0, len(data), READ):
            state.update(data[start : start + READ])
        self.digest = state.digest()


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
            kept = yield from _split(data, start, kept)
            if shards.seen:
                shards.close(data)
    for records in _boots(kept):
        yield Block(records, None, _opens(records))


def _opens(data: bytes) -> bool:
    return data.startswith(FIRST_MARK)


def _split(data: bytes | mmap.mmap, start: int, kept: bytes) -> Generator[Block, None, bytes]:
    """Yields the blocks that a seal closes; returns what stands after the last seal."""
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
        yield Block(records, bytes(data[at:end]), _opens(records))


def _boots(records: bytes) -> list[bytes]:
    """Split where a boot opens: one that was cut off has a tail without a seal."""
    found = []
    start = 0
    while start < len(records):
        end = records.find(b"\n" + FIRST_MARK, start) + 1 or len(records)
        found.append(records[start:end])
        start = end
    return found
