# SPDX-License-Identifier: Apache-2.0
"""Runs a command held to a policy, and sees to it that nobody is left unheld.

The programs live as long as a process has them open. So there are two that do, this one
and a guard; when either is killed the other first ends every task that is held.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from .denial import Denial
from .policy import Policy, places
from .programs import BpfError, Programs

__all__ = ["CANNOT_EXECUTE", "CANNOT_HOLD", "NOT_FOUND", "Holder", "run"]

CANNOT_HOLD, CANNOT_EXECUTE, NOT_FOUND = 125, 126, 127
POLL_MS = 100
PAUSE = 0.01
POLICY = struct.Struct("<QQQ")
KEY = struct.Struct("<QQ")


def _gone(pidfd: int) -> bool:
    """Has a process exited? A zombie has."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


class Holder:
    """Policies in the maps of the programs, and the tasks that are held to them."""

    def __init__(self, programs: Programs) -> None:
        self.programs = programs
        self._pins: list[int] = []

    def _resolve(self, path: bytes) -> int:
        """An object by its path; it stays where it is, in memory, until close()."""
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        self._pins.append(fd)
        return self.programs.inode(fd)

    def install(self, number: int, policy: Policy) -> None:
        """Fill the maps.

        Args:
            number: What the policy is called in the maps; not 0.
            policy: Whose paths are resolved now, and never again.

        Raises:
            PolicyError, BpfError, OSError: It cannot be held.
        """
        for inode, place in places(policy, self._resolve).items():
            self.programs.set("places", KEY.pack(number, inode), place)
        for name, rules in (("address_rules", policy.addresses), ("name_rules", policy.names)):
            for index, rule in enumerate(rules):
                self.programs.set(name, KEY.pack(number, index), rule)
        self._set(number, policy, closing=False)

    def _set(self, number: int, policy: Policy, closing: bool) -> None:
        value = POLICY.pack(policy.outside, closing, bool(policy.carving))
        self.programs.set("policies", number.to_bytes(8, "little"), value)

    def end(self, number: int, policy: Policy) -> None:
        """Kill every task that is held to a policy; none is left when this returns."""
        self._set(number, policy, closing=True)
        while self._kill(number):
            time.sleep(PAUSE)

    def _kill(self, number: int) -> bool:
        found = False
        for pidfd in _processes():
            if self.programs.policy_of(pidfd) != number or _gone(pidfd):
                continue
            found = True
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        return found

    def close(self) -> None:
        """Let go of the objects."""
        while self._pins:
            os.close(self._pins.pop())


def _processes() -> Iterator[int]:
    """A descriptor of each process but this one, closed as the next is asked for."""
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            pidfd = os.pidfd_open(int(name))
        except ProcessLookupError:
            continue
        try:
            yield pidfd
        finally:
            os.close(pidfd)


def _start(argv: Sequence[str]) -> tuple[int, int, int]:
    """A child that waits for a byte before it executes. Its PID, where to write that, where
    to read what went wrong."""
    wait, go = os.pipe()
    told, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(wait)
        os.close(tell)
        return child, go, told
    code = CANNOT_HOLD
    try:
        os.close(go)
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        if os.read(wait, 1):
            code = CANNOT_EXECUTE
            os.execvp(argv[0], list(argv))
    except FileNotFoundError as error:
        code = NOT_FOUND
        os.write(tell, f"{argv[0]}: {error.strerror}".encode())
    except OSError as error:
        os.write(tell, f"{argv[0]}: {error.strerror}".encode())
    finally:
        os._exit(code)


def _guard(holder: Holder, number: int, policy: Policy) -> int:
    """A process that ends all tasks when this one is gone; returns its PID."""
    mine = os.pidfd_open(os.getpid())
    ready, up = os.pipe()
    guard = os.fork()
    if guard:
        os.close(up)
        os.close(mine)
        os.read(ready, 1)
        os.close(ready)
        return guard
    try:
        os.setsid()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(name, signal.SIG_IGN)
        os.write(up, b"1")
        while not _gone(mine):
            select.select([mine], [], [])
        holder.end(number, policy)
    finally:
        os._exit(0)


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Signals that ask for the end come into a list: they arrive amid bcc's callbacks."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    old = {n: signal.signal(n, ask) for n in (signal.SIGTERM, signal.SIGHUP)}
    # The terminal sends these to the command too.
    old |= {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield asked
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _wait(programs: Programs, child: int, guard: int, asked: Sequence[int]) -> int:
    """Tell of denials until the child ends; its exit code as a shell has it."""
    while True:
        programs.poll(POLL_MS)
        if os.waitpid(guard, os.WNOHANG)[0]:
            raise BpfError("the guard was killed; the command has been ended")
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if asked:
            return 128 + asked[0]


def run(
    programs: Programs, policy: Policy, argv: Sequence[str], tell: Callable[[Denial], None]
) -> int:
    """Runs a command held to a policy. When it returns no task of it is left.

    Args:
        programs: Attached; a process runs one command with them.
        policy: Of translate().
        argv: The command.
        tell: Called with each denial.

    Returns:
        The command's exit status as a shell has it; 125: it could not be held; 126: it may
        not, or cannot, be executed; 127: there is no such command.

    Raises:
        PolicyError, BpfError, OSError: It was not started, or was ended.
    """
    number = os.getpid()
    holder = Holder(programs)
    guard = 0
    try:
        holder.install(number, policy)
        programs.listen(lambda data: tell(Denial.parse(data)))
        guard = _guard(holder, number, policy)
        with _signals() as asked:
            return _run(programs, number, argv, guard, asked)
    finally:
        if guard:
            holder.end(number, policy)
            programs.drain()
            with suppress(ProcessLookupError):
                os.kill(guard, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(guard, 0)
        holder.close()


def _run(
    programs: Programs, number: int, argv: Sequence[str], guard: int, asked: Sequence[int]
) -> int:
    child, go, told = _start(argv)
    with os.fdopen(told, "rb") as pipe:
        with os.fdopen(go, "wb", buffering=0) as starter:
            pidfd = os.pidfd_open(child)
            try:
                programs.hold(pidfd, number)
            except OSError as error:
                raise BpfError(f"the command cannot be held: {error}") from error
            finally:
                os.close(pidfd)
            starter.write(b"1")
        code = _wait(programs, child, guard, asked)
        if not asked and (message := pipe.read()):
            print(f"coconut: {message.decode(errors='replace')}", file=sys.stderr)
    return code
