# SPDX-License-Identifier: Apache-2.0
"""What the kernel knows of agents: /agent, read as the daemon needs it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pycoconut.aid import AidError, format_aid, parse_aid

__all__ = ["Agents", "Status", "enter"]

_STATUS_MAX = 8192
_NR_LSM_SET_SELF_ATTR = 460
_LSM_ATTR_CURRENT = 100
_LSM_ID_COCONUT = 200


@dataclass(frozen=True)
class Status:
    """An agent's status file. @exit_code: None while it lives."""

    aid: int
    name: str
    state: str
    parent: int
    tasks: int
    exit_code: int | None


def _number(fields: dict[str, str], name: str) -> int:
    try:
        return int(fields.get(name, "0"))
    except ValueError:
        return 0


def _aid(text: str) -> int:
    try:
        return parse_aid(text)
    except AidError:
        return 0


def _parse(text: str) -> Status:
    fields = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    exit_code = _number(fields, "exit_code") if "exit_code" in fields else None
    return Status(
        aid=_aid(fields.get("aid", "")),
        name=fields.get("name", ""),
        state=fields.get("state", ""),
        parent=_aid(fields.get("parent", "")),
        tasks=_number(fields, "tasks"),
        exit_code=exit_code,
    )


class Agents:
    """A view of agentfs at @root."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def there(self) -> bool:
        """Does this kernel know agents, and is their tree mounted?"""
        return (self._root / "abi").exists()

    def boot_id(self) -> str:
        """32 hex digits, this boot's."""
        for line in (self._root / "abi").read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == "boot_id":
                return value
        return ""

    def status(self, aid: int) -> Status | None:
        """An agent's status, live or ended; None where the graveyard has forgotten it."""
        for folder in ("live", "graveyard"):
            path = self._root / folder / format_aid(aid) / "status"
            try:
                with path.open("rb") as file:
                    status = _parse(file.read(_STATUS_MAX).decode("utf-8", "replace"))
            except OSError:
                # It moved between one look and the next, or never was.
                continue
            if status.aid == aid:
                return status
        return None

    def live(self, aid: int) -> bool:
        """Has it not ended?"""
        return (self._root / "live" / format_aid(aid)).exists()

    def all_live(self) -> Iterator[Status]:
        """Every live agent but the boot agent."""
        for name in sorted(os.listdir(self._root / "live")):
            status = self.status(_aid(name)) if _aid(name) else None
            if status:
                yield status

    def is_within(self, aid: int, ancestor: int) -> bool:
        """Is @aid @ancestor, or beneath it?"""
        for _ in range(64):
            if aid == ancestor:
                return True
            status = self.status(aid)
            if not aid or status is None:
                return False
            aid = status.parent
        return False


class _Context(ctypes.Structure):
    """struct lsm_ctx of include/uapi/linux/lsm.h, with room for an AID."""

    _fields_ = (
        ("id", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("len", ctypes.c_uint64),
        ("ctx_len", ctypes.c_uint64),
        ("ctx", ctypes.c_char * 32),
    )


def enter(aid: int) -> None:
    """Make this task, single-threaded, the agent's: for good.

    Raises:
        OSError: As agent_spawn(2) says of AGENT_SPAWN_ENTER.
    """
    text = format_aid(aid).encode()
    context = _Context(_LSM_ID_COCONUT, 0, ctypes.sizeof(_Context), len(text), text)
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(
        ctypes.c_long(_NR_LSM_SET_SELF_ATTR),
        ctypes.c_uint(_LSM_ATTR_CURRENT),
        ctypes.byref(context),
        ctypes.c_uint32(ctypes.sizeof(context)),
        ctypes.c_uint32(0),
    )
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"entering {format_aid(aid)}: {os.strerror(code)}")
