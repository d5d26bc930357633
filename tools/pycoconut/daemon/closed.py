# SPDX-License-Identifier: Apache-2.0
"""Shards that do not grow any more: compressed, shown in /agent, and pruned when too much.

Nothing is removed before what takes its place is durable and was read back. All of it is
done by a child, so that nobody who makes records waits for it.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from pycoconut.daemon import boots
from pycoconut.daemon.shards import ShardError, contents, digest, names, sync_folder
from pycoconut.shard import ShardHeader

__all__ = ["Closed", "compress", "keep_bytes", "prune", "show"]

LOOK = 60.0
"""Seconds between two looks at the disk when no shard was ended."""
NICE = 5

_KEEP = re.compile(r"^keep_mib[ \t]+(\d{1,9})[ \t]*(?:#.*)?$", re.MULTILINE)
_SEAL = b'{"seal":'
_KEPT = (b'"event":"boot"', b'"event":"link"', b'"event":"gap"', b'"event":"lost"',
         b'"event":"shutdown"')  # fmt: skip
"""An epoch with one of these is kept whole: it says what the rest is."""


def keep_bytes(path: Path) -> int | None:
    """How much the operator wants to keep, `keep_mib N` in a file; None: everything."""
    found = _KEEP.search(path.read_text(errors="replace")) if path.exists() else None
    return int(found[1]) << 20 if found else None


def _replace(path: Path, data: bytes) -> Path:
    """Put a compressed shard in the place of what is there; return its path."""
    plain = path.with_suffix("") if path.suffix == ".zst" else path
    packed = plain.with_name(f"{plain.name}.zst")
    part = plain.with_name(f"{packed.name}.part")
    try:
        _pack(part, data)
        part.rename(packed)
        sync_folder(packed.parent)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ShardError(f"{packed}: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    plain.unlink(missing_ok=True)
    return packed


def _pack(part: Path, data: bytes) -> None:
    """Compress into a file, durably, and read it back."""
    with part.open("wb") as out:
        subprocess.run(["zstd", "-qc"], input=data, stdout=out, check=True)
        os.fchmod(out.fileno(), 0o440)
        os.fsync(out.fileno())
    with part.open("rb") as back:
        done = subprocess.run(["zstd", "-dcq"], stdin=back, capture_output=True, check=True)
    if done.stdout != data:
        raise ShardError(f"{part} is not what was written")


def compress(path: Path) -> Path:
    """Compress a shard that was ended; return the path it has now.

    Raises:
        ShardError: It stays as it is.
    """
    return _replace(path, path.read_bytes())


def _portions(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Lines up to each seal; at last those behind it."""
    portion: list[bytes] = []
    for line in lines:
        portion.append(line)
        if line.startswith(_SEAL):
            yield portion
            portion = []
    yield portion


def prune(path: Path) -> int:
    """Take the records out of a shard and leave their seals; return how many bytes went.

    Raises:
        ShardError: It stays as it is.
    """
    data = contents(path)
    first, *lines = data.splitlines(True)
    header = ShardHeader.parse(first)
    if header.pruned:
        return 0
    kept = [replace(header, pruned=digest(data)).line()]
    for portion in _portions(lines):
        bare = portion[-1:] and portion[-1].startswith(_SEAL)
        whole = not bare or any(mark in line for line in portion for mark in _KEPT)
        kept += portion if whole else portion[-1:]
    size = path.stat().st_size
    return size - _replace(path, b"".join(kept)).stat().st_size


def show(folder: Path, rotated: Path, closed: list[Path]) -> None:
    """Link a boot's closed shards where /agent shows them."""
    wanted = {path.name: str(folder / path.name) for path in closed}
    there = {path.name for path in rotated.iterdir()}
    for name in sorted(there - wanted.keys()):
        (rotated / name).unlink()
    for name in sorted(wanted.keys() - there):
        (rotated / name).symlink_to(wanted[name])


class Closed:
    """Looks after the closed shards of all boots."""

    def __init__(
        self, log: Path, boot: str, rotated: Path, keep: int | None, say: Callable[[str], None]
    ) -> None:
        self._log, self._boot, self._rotated = log, boot, rotated
        self._keep = keep
        self._say = say
        self._child = 0
        self._due = 0.0

    def _all(self) -> Iterator[Path]:
        """Oldest first; the one that grows is not among them."""
        for boot in boots.known(self._log):
            found = names(self._log / boot)
            yield from found[:-1] if boot == self._boot else found

    def tick(self, now: float, ended: bool = False) -> None:
        """Take note of a child that ended; start one when it is time. @ended: a shard was."""
        if ended:
            self._due = now
        if self._child and os.waitpid(self._child, os.WNOHANG)[0]:
            self._child = 0
        if not self._child and now >= self._due:
            self._due = now + LOOK
            self._child = os.fork() or self._as_child()

    @property
    def busy(self) -> bool:
        """Is there a child?"""
        return bool(self._child)

    def stop(self) -> None:
        """Kill the child: whatever it did not finish is begun anew."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            self._child = 0

    def _as_child(self) -> NoReturn:
        try:
            # Nobody is to think that it is the child who keeps the log.
            os.closerange(3, 1 << 16)
            os.nice(NICE)
            self.look()
        except (OSError, ShardError) as error:
            self._say(f"shards: {error}")
        finally:
            os._exit(0)

    def look(self) -> None:
        """Compress, show and prune what there is, one at a time: a writer that was killed
        may have left a child behind.

        Raises:
            ShardError: A shard cannot be read or written; it is as it was.
            OSError: The same.
        """
        lock = os.open(self._log, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for path in self._all():
                if path.suffix != ".zst":
                    compress(path)
            folder = self._log / self._boot
            show(folder, self._rotated, names(folder)[:-1])
            if self._keep is not None:
                self._prune(self._keep)
        finally:
            os.close(lock)

    def _prune(self, keep: int) -> None:
        closed = list(self._all())
        over = sum(path.stat().st_size for path in closed) - keep
        for path in closed:
            if over <= 0:
                return
            over -= prune(path)
