# SPDX-License-Identifier: Apache-2.0
"""Agents that take all that they can get, and the quiet ones beside them.

tests/bench/neighbours.c says what each does, its manifest in tests/bench/neighbours what it may.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["NAMES", "script"]

NAMES = ("quiet", "memory", "forks", "disk", "sockets", "log")
"""In the order of the program's words."""


def script(seconds: int, manifests: Sequence[Path], log: str = "/tmp/chain.log") -> list[str]:
    """Lines of a shell in a guest with an empty ext4 as its first disk.

    @manifests are those of NAMES, signed; the guest has each at its top, as it has the programs.
    """
    words = " ".join(f"/{path.name}" for path in manifests)
    return [
        "b=/bin/busybox",
        "$b mkdir -p /disk",
        "$b mount -t ext4 /dev/vda /disk",
        "echo quiet >/quiet",
        "echo secret >/forbidden",
        f"/persist /agent/audit/chain.log {log} &",
        "keeper=$!",
        f"/neighbours {seconds} {words}",
        f"$b touch {log}.stop",
        "wait $keeper",
    ]
