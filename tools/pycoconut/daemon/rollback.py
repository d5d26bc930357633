# SPDX-License-Identifier: Apache-2.0
"""Is the disk an old one? What the TPM's counter says of the boots whose shards are on it.

The TPM counts one up when a chain is opened, and once more when it is closed; how far it was
stands in each boot's first record. A disk that was put back to an older state is the only
thing that has not gone on with it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pycoconut.daemon.shards import contents, names
from pycoconut.shard import HEADER_MARK

__all__ = ["Count", "count_now", "count_of", "verdict"]

_KEYS, _COUNTED, _SIGNED = 64, 72, 104
_FIRST = b'{"seq":1,'
_LINE_MAX = 4096
_COUNTS_MAX = 2
"""A boot that was closed."""


@dataclass(frozen=True)
class Count:
    """How far the TPM was when a boot began; @anchor is its root's public key."""

    counter: int
    anchor: bytes


def _read(line: bytes) -> Count | None:
    """Of a BOOT record; None: it does not say."""
    if not line.startswith(_FIRST):
        return None
    try:
        opening = str(json.loads(line)["object"]).encode("latin-1")
    except (ValueError, KeyError):
        return None
    if len(opening) <= _COUNTED:
        return None
    return Count(int.from_bytes(opening[_KEYS:_COUNTED]), opening[_COUNTED:_SIGNED])


def count_of(folder: Path | None) -> Count | None:
    """Of a boot by its shards; None: they do not say.

    Raises:
        ShardError, OSError: The first shard cannot be read.
    """
    found = names(folder) if folder else []
    lines = contents(found[0]).split(b"\n", 2)[:2] if found else []
    return next((_read(line) for line in lines if not line.startswith(HEADER_MARK)), None)


def count_now(chain: int) -> Count | None:
    """Of the boot that runs, by its chain.log; None: there is no TPM, or the log does not
    begin with its first record any more."""
    return _read(os.pread(chain, _LINE_MAX, 0).split(b"\n", 1)[0])


def verdict(before: Count | None, now: Count | None) -> str | None:
    """What is wrong with the newest boot on the disk; None: nothing that the TPM could know."""
    if now is None or before is None:
        return None
    if before.anchor != now.anchor:
        return "the boot before was anchored by another TPM, or by a root that was since removed"
    counts = now.counter - before.counter
    if counts > _COUNTS_MAX:
        return (
            f"the TPM counted {counts} since the newest boot on this disk began, which makes at "
            f"most {_COUNTS_MAX}: the disk was put back to an older state, or lost boots"
        )
    if counts <= 0:
        return "the newest boot on this disk began after this one, by the TPM's count"
    return None
