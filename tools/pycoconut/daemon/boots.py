# SPDX-License-Identifier: Apache-2.0
"""The boots whose shards are on the disk: which came before, and how it ended.

Their order is that of a file to which each boot adds its id before it makes its first
shard. Clocks say nothing about it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pycoconut.daemon.shards import contents, digest, names, seals, sync_folder
from pycoconut.shard import NO_BOOT, NO_DIGEST

__all__ = ["Ending", "before", "ending", "enter", "known"]

_BOOT = re.compile(r"[0-9a-f]{32}")
_RECORD = re.compile(rb'^\{"seq":(\d{1,20}),.*\}$', re.MULTILINE)
_HEAD = re.compile(rb'"head":"([0-9a-f]{64})","next":"([0-9a-f]{64})"')
_NO_KEY = b"0" * 64


@dataclass(frozen=True)
class Ending:
    """What is left of a boot's end.

    Attributes:
        boot: Its id.
        shard: BLAKE3 of its last shard.
        head: Head of its last seal; zeros where there is none.
        last: The last record under a seal.
        found: The last record that is there.
        clean: Was the chain closed?
    """

    boot: str = NO_BOOT
    shard: str = NO_DIGEST
    head: str = "0" * 64
    last: int = 0
    found: int = 0
    clean: bool = True


def _file(log: Path) -> Path:
    return log / "boots"


def known(log: Path) -> list[str]:
    """Ids of all boots that were entered, in order; a line that was cut off is none."""
    path = _file(log)
    lines = path.read_text(errors="replace").split("\n")[:-1] if path.exists() else []
    return list(dict.fromkeys(line for line in lines if _BOOT.fullmatch(line)))


def enter(log: Path, boot: str) -> None:
    """Add a boot, durably, unless it is there.

    Raises:
        OSError: The disk is full or broken.
    """
    if boot in known(log):
        return
    log.mkdir(mode=0o755, parents=True, exist_ok=True)
    fd = os.open(_file(log), os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    try:
        end = os.lseek(fd, 0, os.SEEK_END)
        # A full disk or a power cut may have left half a line.
        torn = end and os.pread(fd, 1, end - 1) != b"\n"
        os.write(fd, b"\n" * bool(torn) + f"{boot}\n".encode())
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_folder(log)


def before(log: Path, boot: str) -> Path | None:
    """Folder of the newest boot before @boot that has a shard."""
    earlier = known(log)
    if boot in earlier:
        earlier = earlier[: earlier.index(boot)]
    return next((log / name for name in reversed(earlier) if names(log / name)), None)


def ending(folder: Path | None) -> Ending:
    """How a boot ended, by its shards; no boot has ended well.

    Raises:
        ShardError: A shard cannot be read.
        OSError: The same.
    """
    found = names(folder) if folder else []
    if not found:
        return Ending()
    data = contents(found[-1])
    shard = digest(data)
    if len(found) > 1 and not any(True for _ in seals(data)):
        # A shard ends with a seal: that of the one before is the last.
        data = contents(found[-2]) + data
    last, end = max(seals(data), key=lambda seal: seal[1], default=(0, 0))
    line = data[data.rfind(b"\n", 0, max(0, end - 1)) + 1 : end]
    match = _HEAD.search(line)
    tail = max((int(m[1]) for m in _RECORD.finditer(data, end)), default=last)
    boot = found[0].parent.name
    if match is None:
        return Ending(boot, shard, found=tail, clean=False)
    return Ending(boot, shard, match[1].decode(), last, max(last, tail), match[2] == _NO_KEY)
