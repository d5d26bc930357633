# SPDX-License-Identifier: Apache-2.0
"""What calls.c must leave in the chain: each marked call, by the way it was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pycoconut.abi import Event
from pycoconut.audit import Record

__all__ = ["CAPS", "WAYS", "check", "marked"]

CAPS = ("fs:/:read_file,read_dir", "exec:/:run")
MARK = 0xC0C00000
GETPPID, GETUID, EXIT_GROUP, RESTART = 110, 102, 231, 219
EDOM = 33
WAYS = (
    "direct",
    "forked",
    "vforked",
    "thread",
    "untraced",
    "sibling",
    "executed",
    "by_descriptor",
    "in_handler",
    "after_handler",
    "by_tracer",
    "filtered",
    "dispatched",
    "from_thread",
    "restarted",
    "at_once",
)
AT_ONCE = 1000


def _begun(records: Iterable[Record]) -> list[list[str]]:
    return [r.object.decode().split() for r in records if r.event is Event.SYSCALL]


def marked(records: Iterable[Record]) -> dict[str, int]:
    """How often each way was seen."""
    calls = (words for words in _begun(records) if words[0] == str(GETPPID))
    found = Counter(int(words[1], 16) - MARK for words in calls)
    return {name: found[way] for way, name in enumerate(WAYS)}


def _paired(records: Iterable[Record]) -> None:
    """A marked call returns before its task makes another."""
    open_calls: dict[int, str] = {}
    for record in records:
        number = record.object.partition(b" ")[0].decode("latin-1")
        if record.event is Event.SYSCALL:
            assert open_calls.get(record.tid) != str(GETPPID), "a call without its end"
            open_calls[record.tid] = number
        elif record.event is Event.RETURN:
            open_calls.pop(record.tid, None)


def check(records: list[Record]) -> None:
    """All records of the agent, in order.

    Raises:
        AssertionError: A call is missing, or there are more than were made.
    """
    expected = dict.fromkeys(WAYS, 1) | {"at_once": AT_ONCE}
    assert marked(records) == expected
    _paired(records)
    calls = _begun(records)
    assert [str(EXIT_GROUP), "4d"] in [words[:2] for words in calls], "an exit has no end"
    assert any(words[0] == str(RESTART) for words in calls), "a restart is a call"
    # What a tracer or a filter took out is not made, and its end says so.
    assert not any(words[0] == str(GETUID) and words[1] == f"{MARK:x}" for words in calls)
    ends = [r for r in records if r.event is Event.RETURN]
    assert any(r.object == str(GETUID).encode() and r.result == -EDOM for r in ends)
