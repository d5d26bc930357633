# SPDX-License-Identifier: Apache-2.0
"""Processes that outlive the daemon: started so that nothing ties them to it, and found again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

__all__ = ["Process", "find", "find_self", "note", "start", "started"]

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": _PATH, "LANG": "C.UTF-8", "TERM": "linux", "HOME": "/"}


@dataclass(frozen=True)
class Process:
    """A process that cannot be mistaken for a later one of the same number."""

    pid: int
    started: int

    def alive(self) -> bool:
        """Is it there, and no zombie?"""
        return started(self.pid) == self.started

    def send(self, number: int) -> None:
        """A signal to it and to its group, unless it is gone."""
        if self.alive():
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                return


def started(pid: int) -> int | None:
    """Clock ticks between boot and the start of @pid; None where it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in brackets and may hold anything.
    fields = text[text.rfind(")") + 2 :].split()
    return None if fields[0] in "ZX" else int(fields[19])


def find_self() -> Process:
    """The process that asks."""
    pid = os.getpid()
    return Process(pid, started(pid) or 0)


def note(path: Path, process: Process) -> None:
    """Write down which process it is, for the daemon after this one."""
    temporary = path.with_suffix(".new")
    temporary.write_text(f"{process.pid} {process.started}\n")
    temporary.rename(path)


def find(path: Path) -> Process | None:
    """The process that was written down, where it is still there."""
    try:
        words = path.read_text().split()
        process = Process(int(words[0]), int(words[1]))
    except (FileNotFoundError, ValueError, IndexError):
        return None
    return process if process.alive() else None


def _become(argv: list[str], log: Path | None, prepare: Callable[[], None]) -> NoReturn:
    """The child's side: never returns to the daemon's code."""
    try:
        os.setsid()
        source = os.open("/dev/null", os.O_RDWR)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        out = os.open(log, flags, 0o640) if log else source
        os.dup2(source, 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.closerange(3, 1 << 20)
        for number in (signal.SIGPIPE, signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        prepare()
        os.execve(argv[0], argv, ENVIRONMENT)
    except OSError as error:
        os.write(2, f"coconutd: {argv[0]}: {error}\n".encode())
    finally:
        os._exit(127)


def start(argv: list[str], log: Path | None, prepare: Callable[[], None]) -> Process | None:
    """Fork, call @prepare in the child, and become @argv. None where it was gone at once.

    The child is in a session of its own, with nothing of the daemon's open: when
    the daemon dies, PID 1 becomes its parent, and it notices nothing.
    """
    pid = os.fork()
    if not pid:
        _become(argv, log, prepare)
    since = started(pid)
    return None if since is None else Process(pid, since)
