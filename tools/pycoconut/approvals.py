# SPDX-License-Identifier: Apache-2.0
"""Requests for approval: what /agent/policy/approvals shows, and answering it.

Source of the format: Documentation/ABI/testing/agentfs.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import select
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from .abi import IOC_ANSWER, ApprovalAnswer
from .agentfs import ROOT, AgentFs, AgentFsError
from .aid import AidError, parse_aid

__all__ = ["Approval", "Approvals", "parse_approval"]

_ESCAPE = re.compile(r'\\(?:u00([0-9a-f]{2})|(["\\]))')


@dataclass(frozen=True)
class Approval:
    """A use that waits for somebody's approval.

    Attributes:
        id: Its number in this boot.
        aid: Who wants it.
        pid: The process that asked, in the first PID namespace.
        comm: The name of its program; any bytes.
        waits: It is parked until it is answered; else it has been denied, and may try again.
        seconds: How long until it is denied.
        kind: The class, by its word.
        rights: Names.
        object: What it is to be done to, as in a record; any bytes.
        line: As the kernel wrote it: nothing in it speaks to a terminal.
    """

    id: int
    aid: int
    pid: int
    comm: bytes
    waits: bool
    seconds: int
    kind: str
    rights: tuple[str, ...]
    object: bytes
    line: str


def _bytes(text: str) -> bytes:
    def plain(found: re.Match[str]) -> str:
        return chr(int(found[1], 16)) if found[1] else str(found[2])

    return _ESCAPE.sub(plain, text).encode("latin-1")


def parse_approval(line: str) -> Approval:
    """A line of the queue.

    Raises:
        AgentFsError: It has another form.
    """
    try:
        number, aid, pid, comm, how, seconds, kind, rights, what = line.split(" ", 8)
        if how not in ("waits", "retries"):
            raise ValueError(how)
        return Approval(
            id=int(number),
            aid=parse_aid(aid),
            pid=int(pid),
            comm=_bytes(comm),
            waits=how == "waits",
            seconds=int(seconds),
            kind=kind,
            rights=tuple(rights.split(",")),
            object=_bytes(what),
            line=line,
        )
    except (ValueError, AidError) as error:
        raise AgentFsError(f"a request that is not understood: {line!r}: {error}") from None


class Approvals:
    """The queue, open for reading: a context manager.

    Raises:
        AgentFsError: /agent is not there.
        OSError: EPERM, EACCES: the caller may not see it.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self._fs = AgentFs(root)
        self._path = root / "policy/approvals"
        if not self._path.exists():
            self._fs.read("policy", "approvals")
        self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self) -> Approvals:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def fileno(self) -> int:
        """For poll: POLLPRI when the queue is another than what was read last."""
        return self._file

    def read(self) -> list[Approval]:
        """All that wait now, in the order in which they were asked for."""
        os.lseek(self._file, 0, os.SEEK_SET)
        data = b""
        while block := os.read(self._file, 65536):
            data += block
        return [parse_approval(line) for line in data.decode("ascii").splitlines()]

    def changed(self, seconds: float | None = None) -> bool:
        """Waits until the queue is another than what was read last; False: not in that time."""
        poll = select.poll()
        poll.register(self._file, select.POLLPRI)
        return bool(poll.poll(None if seconds is None else seconds * 1000))

    def new(self) -> Iterator[Approval]:
        """Each request once, as it comes, those that wait already first. Never ends."""
        last = 0
        while True:
            for one in self.read():
                if one.id > last:
                    last = one.id
                    yield one
            self.changed()

    def answer(self, number: int, allow: bool) -> None:
        """Allows a request, this once, or denies it.

        Raises:
            OSError: ENOENT, no such request waits; EPERM, to all but the operator.
        """
        fcntl.ioctl(self._file, IOC_ANSWER, _packed(number, allow))


def _packed(number: int, allow: bool) -> bytes:
    value = ApprovalAnswer(id=ctypes.c_uint64(number).value, allow=allow)
    return bytes(value)
