# SPDX-License-Identifier: Apache-2.0
"""What doors.c must leave in the chain: the calls that were made, by their true numbers."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Mapping

from pycoconut.abi import Event
from pycoconut.audit import Record

__all__ = ["DOORS", "FILE32", "MADE", "SAYS", "by_door", "check"]

MARK = 0xD00C0000
RT_SIGRETURN, SEMGET, GETUID, GETPPID, X32 = 15, 64, 102, 110, 1 << 30

DOORS = (
    "x32",
    "wide",
    "none",
    "int80",
    "code32",
    "code32-call",
    "sysenter",
    "trace",
    "trap",
    "notify",
    "emulation",
    "fork-event",
    "after",
)

FILE32 = struct.pack(
    "<4s5B7x2H5I6H", b"\x7fELF", 1, 1, 1, 0, 0, 2, 3, 1, 0x8048000, 52, 0, 0, 52, 32, 0, 40, 0, 0
)
"""The head of a program for the 80386."""

SAYS: Mapping[str, str] = {
    "x32": "-38",
    "wide": "made",
    "none": "-38",
    "int80": "killed",
    "code32": "killed",
    "code32-call": "killed",
    "sysenter": "killed",
    "vsyscall": "killed",
    "file32": "8",
    "trap": "made",
}
"""On x86-64: the entries of 32-bit programs are not built, and lead nowhere."""

SAYS_ANYWHERE = ("x32", "wide", "none", "file32", "trap")
"""User-Mode Linux is told of each system call of its host, whatever it was made by."""

MADE: Mapping[str, Mapping[int, int]] = {
    "x32": {X32 | GETPPID: 1},
    "wide": {GETPPID: 1},
    "none": {-1: 1},
    "trace": {GETPPID: 1},
    "trap": {GETPPID: 1},
    "notify": {GETUID: 1},
    "fork-event": {GETPPID: 1},
    "after": {GETPPID: 1},
}
"""Of each door how often which number; a call that was not made has no record."""


def by_door(records: Iterable[Record]) -> dict[str, dict[int, int]]:
    """The marked calls, as in MADE. What a handler returns by has no argument."""
    found: dict[str, Counter[int]] = {}
    for record in records:
        words = record.object.decode().split()
        if record.event is not Event.SYSCALL or len(words) < 2 or words[0] == str(RT_SIGRETURN):
            continue
        door = int(words[1], 16) - MARK
        if 0 <= door < len(DOORS):
            found.setdefault(DOORS[door], Counter())[int(words[0])] += 1
    return {door: dict(numbers) for door, numbers in found.items()}


def check(said: str, records: Iterable[Record], is_uml: bool) -> None:
    """What doors.c printed, and all records of its agent.

    Raises:
        AssertionError: A call is missing, was not made, or has another number.
    """
    became = dict(line.split() for line in said.splitlines())
    made = by_door(records)
    if is_uml:
        # It has one table, and that is where a 32-bit number is looked up.
        for door in ("int80", "code32", "code32-call", "sysenter"):
            assert made.pop(door, {SEMGET: 1}) == {SEMGET: 1}
    for door in SAYS_ANYWHERE if is_uml else SAYS:
        assert (door, became[door]) == (door, SAYS[door])
    assert made == MADE
