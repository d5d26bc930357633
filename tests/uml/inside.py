# SPDX-License-Identifier: Apache-2.0
"""A program inside an agent, watched from outside. Runs in a guest, as root."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pycoconut import syscalls
from pycoconut.abi import State
from pycoconut.agentfs import AgentFs

__all__ = [
    "FS",
    "Counter",
    "Inside",
    "Make",
    "asleep",
    "disk",
    "failure",
    "forked",
    "lines",
    "moves",
    "settle",
    "stands",
    "stats",
    "until",
]

PATIENCE = 45.0
"""Seconds until something that must happen is given up; less than a test may take."""

LOOP = Path("/dev/loop0")
LOOP_SET_FD = 0x4C00
LOOP_CLR_FD = 0x4C01
"""Of linux/loop.h."""

FS = AgentFs()


def failure(function: Callable[[], object]) -> int:
    """The errno of a function; 0 for none."""
    try:
        function()
    except OSError as error:
        return error.errno or 255
    return 0


def forked(function: Callable[[], object]) -> int:
    """The errno of a function that runs in a child of its own, so that it may spoil itself."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 255
        try:
            code = failure(function)
        finally:
            os.write(write, struct.pack("i", code))
            os._exit(0)
    os.close(write)
    data = os.read(read, 4)
    os.close(read)
    os.waitpid(child, 0)
    return int(struct.unpack("i", data)[0])


@contextmanager
def disk(size: int) -> Iterator[Path]:
    """A disk of its own, of memory."""
    loop = os.open(LOOP, os.O_RDWR)
    content = os.memfd_create("disk")
    os.ftruncate(content, size)
    fcntl.ioctl(loop, LOOP_SET_FD, content)
    try:
        yield LOOP
    finally:
        fcntl.ioctl(loop, LOOP_CLR_FD)
        os.close(content)
        os.close(loop)


class Counter:
    """A number in memory that this process and an agent's tasks share."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, mmap.PAGESIZE)

    @property
    def value(self) -> int:
        return int(struct.unpack_from("Q", self.memory)[0])

    def step(self) -> None:
        struct.pack_into("Q", self.memory, 0, self.value + 1)


def until(condition: Callable[[], bool]) -> None:
    patience = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < patience, "it never came true"
        time.sleep(0.01)


def moves(counter: Counter) -> None:
    """Returns once the counter has moved."""
    before = counter.value
    until(lambda: counter.value != before)


def stands(counter: Counter, pids: list[int]) -> None:
    """Returns once everybody is parked, and the counter stays over many turns of the scheduler."""

    def still() -> bool:
        before = counter.value
        for _ in range(20):
            time.sleep(0.02)
        return counter.value == before

    until(lambda: all(asleep(pid) for pid in pids))
    until(still)


def asleep(pid: int) -> bool:
    text = Path(f"/proc/{pid}/stat").read_text()
    return text.rpartition(")")[2].split()[0] in "DISZ"


class Inside:
    """Runs a body as the first task of a new agent."""

    def __init__(self, signed: bytes, body: Callable[[], None]) -> None:
        self.told, tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.told)
            try:
                aid = syscalls.spawn(signed, enter=True).aid
                os.write(tell, struct.pack("Q", aid))
                body()
            except OSError as error:
                os._exit(error.errno or 255)
            finally:
                os._exit(0)
        os.close(tell)
        self.aid = int(struct.unpack("Q", os.read(self.told, 8))[0])

    def state(self) -> State:
        return FS.status(self.aid).state

    def ended(self) -> int:
        """What its first task exited with, once all have; killed by n: -n. All is recorded then."""
        until(lambda: self.state() >= State.TERMINATED_CLEAN)
        settle()
        return os.waitstatus_to_exitcode(FS.status(self.aid).exit_code or 0)

    def end(self) -> None:
        with suppress(ProcessLookupError):  # it has ended by itself
            syscalls.cap_revoke(self.aid, terminate=True)
        os.close(self.told)
        os.waitpid(self.pid, 0)


Make = Callable[[Callable[[], None]], Inside]
"""Runs a body inside an agent that ends with the test: the fixture `inside`."""


def stats() -> dict[str, int]:
    """The figures of the chain, the law of conservation checked."""
    found = {key: int(value) for key, value in FS.stats().items() if value.isdecimal()}
    assert found["recorded"] == found["sealed"] + found["in_flight"]
    assert found["lost"] == 0
    return found


def settle() -> dict[str, int]:
    """Waits until all that is recorded by now can be asked for; the figures of the chain then."""
    recorded = stats()["recorded"]
    until(lambda: stats()["sealed"] >= recorded)
    return stats()


def lines(aid: int, *parts: str) -> list[str]:
    """The lines of the chain about an agent that hold all of these, up to what is recorded now."""
    settle()
    log = (FS.directory(aid) / "audit/tail").read_text()
    return [line for line in log.splitlines() if all(part in line for part in parts)]
