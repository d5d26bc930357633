# SPDX-License-Identifier: Apache-2.0
"""A seal: what closes an epoch, signed by the epoch's key."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import CoconutError
from ..keys import SecretKey, verify

__all__ = ["MARK", "NO_KEY", "Seal", "SealError"]

#: How the line of a seal starts; no other line does.
MARK = b'{"seal":'
NO_KEY = bytes(32)

_N = rb"(0|[1-9][0-9]{0,19})"
LINE = re.compile(
    rb'(\{"seal":' + _N + rb',"first":' + _N + rb',"last":' + _N + rb',"count":' + _N
    + rb',"root":"([0-9a-f]{64})","head":"([0-9a-f]{64})","next":"([0-9a-f]{64})")'
    + rb',"sig":"([0-9a-f]{128})"\}\n'
)  # fmt: skip


class SealError(CoconutError):
    """A line that is no seal."""


@dataclass(frozen=True)
class Seal:
    """One seal.

    Attributes:
        epoch: From 0 in a boot.
        first: First sequence number in it; last + 1 in an empty one.
        last: Last sequence number in it.
        count: How many records.
        root: Merkle root of the records; zeros in an empty one.
        head: Head of the chain after the last record.
        next: Public key of the next epoch; zeros in the last seal of a boot.
        signature: 64 bytes.
    """

    epoch: int
    first: int
    last: int
    count: int
    root: bytes
    head: bytes
    next: bytes
    signature: bytes = b""

    @property
    def final(self) -> bool:
        """Does it close the boot?"""
        return self.next == NO_KEY

    def signed_bytes(self) -> bytes:
        """What the signature is over: the start of the line, to the end of `next`."""
        return (
            f'{{"seal":{self.epoch},"first":{self.first},"last":{self.last}'
            f',"count":{self.count},"root":"{self.root.hex()}","head":"{self.head.hex()}"'
            f',"next":"{self.next.hex()}"'
        ).encode()

    def line(self) -> bytes:
        """The line of chain.log, its LF included."""
        return self.signed_bytes() + f',"sig":"{self.signature.hex()}"}}\n'.encode()

    def sign(self, key: SecretKey) -> Seal:
        """A copy with a signature."""
        return Seal(
            self.epoch,
            self.first,
            self.last,
            self.count,
            self.root,
            self.head,
            self.next,
            key.sign(self.signed_bytes()),
        )

    def verify(self, key: bytes) -> bool:
        """Is it signed by this epoch key?"""
        return verify(key, self.signed_bytes(), self.signature)

    @classmethod
    def parse(cls, line: bytes) -> Seal:
        """Reads a line, its LF included.

        Raises:
            SealError: It is not the line of a seal, to the byte.
        """
        match = LINE.fullmatch(line)
        if match is None:
            raise SealError("not the line of a seal")
        epoch, first, last, count = (int(match[i]) for i in range(2, 6))
        if (epoch | first | last | count) >> 63 or first == 0:
            raise SealError("a number that no seal has")
        root, head, following, signature = (bytes.fromhex(match[i].decode()) for i in range(6, 10))
        return cls(epoch, first, last, count, root, head, following, signature)
