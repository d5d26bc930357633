# SPDX-License-Identifier: Apache-2.0
"""The eight calls as they are on the wire: a structure and its size. Runs in a guest, as root."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Callable
from typing import Any

from pycoconut import abi, caps, syscalls
from pycoconut.keys import SecretKey
from pycoconut.manifest import Manifest
from pycoconut.syscalls import NUMBERS
from tests.uml.inside import forked

__all__ = [
    "KEY",
    "NAMING",
    "PAGE",
    "STRUCTS",
    "cap",
    "head",
    "inside",
    "libc",
    "naming",
    "os_error",
    "raw",
    "signed",
]

KEY = SecretKey(bytes(range(32)), "errnos")
PAGE = mmap.PAGESIZE
STRUCTS: dict[str, type[ctypes.Structure]] = {
    "agent_spawn": abi.SpawnArgs,
    "agent_attest": abi.AttestArgs,
    "agent_quota": abi.QuotaArgs,
    "agent_cap_grant": abi.CapGrantArgs,
    "agent_cap_revoke": abi.CapRevokeArgs,
    "agent_cap_present": abi.CapPresentArgs,
    "agent_audit_query": abi.AuditQueryArgs,
    "agent_memory_tier": abi.MemoryTierArgs,
}

NAMING = [name for name, kind in STRUCTS.items() if "aid" in dict(abi.OFFSETS[kind])]
NAMING.remove("agent_spawn")

libc = ctypes.CDLL(None, use_errno=True)


def raw(name: str, address: int, size: int) -> int:
    """A call as it is on the wire; returns its errno, 0 for none."""
    ctypes.set_errno(0)
    number = ctypes.c_long(NUMBERS[name])
    failed = libc.syscall(number, ctypes.c_void_p(address), ctypes.c_size_t(size)) < 0
    return ctypes.get_errno() if failed else 0


def signed(*texts: str, key: SecretKey = KEY, **fields: Any) -> bytes:
    held = tuple(caps.parse(text) for text in texts)
    return Manifest("errnos", capabilities=held, **fields).sign(key)


def inside(function: Callable[[], object], *texts: str, **fields: Any) -> int:
    """The errno of a function that runs in an agent with these capabilities."""

    def enter() -> None:
        syscalls.spawn(signed(*texts, **fields), enter=True)
        function()

    return forked(enter)


def cap(text: str) -> bytes:
    return caps.parse(text).encode()


def head(name: str, magic: int = abi.MAGIC, flags: int = 0) -> ctypes.Array[ctypes.c_char]:
    data = bytes(STRUCTS[name](magic=magic, flags=flags))
    return ctypes.create_string_buffer(data, 2 * PAGE)


def naming(name: str, aid: int, flags: int) -> int:
    """A call that is right but for the agent that it names."""
    data = cap("svc:tool:x:use")
    memory = ctypes.create_string_buffer(data, len(data))
    args = STRUCTS[name](magic=abi.MAGIC, flags=flags, aid=aid)
    for field, value in (
        ("cap", ctypes.addressof(memory)),
        ("cap_len", len(data)),
        ("kind", abi.QuotaKind.INFERENCE_TOKENS),
        ("tier", abi.Tier.RAM),
        ("length", PAGE),
        ("last_seq", 1),
        ("id", 1 if name == "agent_cap_revoke" else 0),
    ):
        if hasattr(args, field):
            setattr(args, field, value)
    return raw(name, ctypes.addressof(args), ctypes.sizeof(args))


def os_error(code: int) -> None:
    if code:
        raise OSError(code, os.strerror(code))
