# SPDX-License-Identifier: Apache-2.0
"""inside.py DISK: a denial and what is no denial, on a kernel whose epochs take all day.

Runs in a guest, as root. Prints, a line each, what happened and how far the disk was then.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from pycoconut import syscalls
from pycoconut.agentfs import AgentFs
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.guest.durable.keep import keep

FS = AgentFs()
HELD_TEXT = "svc:tool:web_fetch:use"
HELD = parse(HELD_TEXT).encode()
NOT_HELD = parse("svc:tool:shell:use").encode()
PATIENCE = 40.0
A_WHILE = 2.5
"""Seconds: longer than an epoch takes by default."""


def stat(name: str) -> int:
    return int(FS.stats()[name])


def durable(seq: int) -> bool:
    """Whether the disk has a record, before patience ends."""
    end = time.monotonic() + PATIENCE
    while stat("persisted_seq") < seq and time.monotonic() < end:
        time.sleep(0.005)
    return stat("persisted_seq") >= seq


def agent(signed: bytes) -> int:
    """A new one, which has used what it may use: a record that nothing hurries."""
    aid = syscalls.spawn(signed).aid
    syscalls.cap_present(aid, HELD)
    return aid


def denial(aid: int) -> None:
    with suppress(PermissionError):
        syscalls.cap_present(aid, NOT_HELD)


def refused_spawn(_: int) -> None:
    with suppress(OSError):
        syscalls.spawn(b"no manifest")


def revoke(aid: int) -> None:
    syscalls.cap_revoke(aid, every=True)


URGENT: Mapping[str, Callable[[int], None]] = {
    "denial": denial,
    "spawn": refused_spawn,
    "quarantine": FS.quarantine,
    "revoke": revoke,
}


def main(disk: str) -> None:
    keep(disk)
    key = SecretKey.make("durable")
    FS.add_authorizer(PublicKey(key.public.raw, "durable"))
    signed = Manifest("durable", "tests", capabilities=(parse(HELD_TEXT),)).sign(key)
    for name, act in URGENT.items():
        aid = agent(signed)
        quiet = stat("recorded")
        time.sleep(A_WHILE)
        before = "waits" if stat("persisted_seq") < quiet else "early"
        act(aid)
        said = stat("recorded")
        assert said > quiet
        print(name, before, "durable" if durable(said) else "late", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
