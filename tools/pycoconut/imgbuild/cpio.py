# SPDX-License-Identifier: Apache-2.0
"""An initramfs: the "newc" form of cpio, see Documentation/driver-api/early-userspace."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Member", "newc"]


@dataclass(frozen=True)
class Member:
    """One entry; @mode with the file type's bits."""

    name: str
    mode: int
    data: bytes = b""
    major: int = 0
    minor: int = 0


def _entry(number: int, member: Member, epoch: int) -> bytes:
    name = member.name.encode() + b"\0"
    fields = (
        *(number, member.mode, 0, 0, 1, epoch, len(member.data)),
        *(0, 0, member.major, member.minor, len(name), 0),
    )
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
    return _padded(head) + _padded(member.data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def newc(members: list[Member], epoch: int) -> bytes:
    """The archive, in the order given: a folder before what is in it."""
    body = b"".join(_entry(n, member, epoch) for n, member in enumerate(members, start=1))
    return body + _entry(0, Member("TRAILER!!!", 0), 0)
