# SPDX-License-Identifier: Apache-2.0
"""The first line of a shard: which it is, and which shard stands before it.

    {"shard":3,"boot":"<32 hex>","at":50331648,"after":"<32 hex>","prev":"<64 hex>"}

Each names the one before by the digest of all its bytes, uncompressed; the first of a
boot names the last of the boot before. So nothing can be cut off the end of a shard,
and no shard be taken out, but at the very end. The daemon writes it, the verifier
reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import CoconutError

__all__ = ["HEADER_MARK", "HEADER_MAX", "NO_BOOT", "NO_DIGEST", "ShardHeader", "ShardHeaderError"]

HEADER_MARK = b'{"shard":'
"""How a header starts; no other line of a log does."""
HEADER_MAX = 384
"""Bytes that none is longer than."""
NO_BOOT = "0" * 32
NO_DIGEST = "0" * 64

_LINE = re.compile(
    rb'\{"shard":(0|[1-9][0-9]{0,18}),"boot":"([0-9a-f]{32})","at":(0|[1-9][0-9]{0,18})'
    rb',"after":"([0-9a-f]{32})","prev":"([0-9a-f]{64})"(?:,"recovered":(true))?'
    rb'(?:,"pruned":"([0-9a-f]{64})")?\}\n'
)


class ShardHeaderError(CoconutError):
    """A line that is no header, or one that cannot stand where it does."""


@dataclass(frozen=True)
class ShardHeader:
    """One header.

    Attributes:
        number: From 0 in a boot.
        boot: Boot id, 32 hex digits.
        at: Where in chain.log the shard's first byte stands.
        after: Boot of the shard before; zeros: there was none.
        prev: BLAKE3 of that shard, 64 hex digits; zeros: there was none.
        pruned: BLAKE3 of the shard before records were taken out of it; empty: it is whole.
        recovered: What is in it outlived a reset in memory, and was written by the next boot.
    """

    number: int
    boot: str
    at: int = 0
    after: str = NO_BOOT
    prev: str = NO_DIGEST
    pruned: str = ""
    recovered: bool = False

    def line(self) -> bytes:
        """The line, its LF included."""
        marks = ',"recovered":true' if self.recovered else ""
        marks += f',"pruned":"{self.pruned}"' if self.pruned else ""
        return (
            f'{{"shard":{self.number},"boot":"{self.boot}","at":{self.at}'
            f',"after":"{self.after}","prev":"{self.prev}"{marks}}}\n'
        ).encode()

    @classmethod
    def parse(cls, line: bytes) -> ShardHeader:
        """Reads a line, its LF included.

        Raises:
            ShardHeaderError: It is not the line of a header, to the byte.
        """
        match = _LINE.fullmatch(line)
        if match is None:
            raise ShardHeaderError("not the header of a shard")
        number, at = int(match[1]), int(match[3])
        boot, after, prev = (match[i].decode() for i in (2, 4, 5))
        pruned = (match[7] or b"").decode()
        return cls(number, boot, at, after, prev, pruned, bool(match[6]))

    def check_after(self, before: ShardHeader | None, digest: str, end: int | None = None) -> None:
        """Does it follow @before, whose bytes have this digest? None: it is the first at hand.

        @end: where in chain.log that one ends; None: it is not known.

        Raises:
            ShardHeaderError: It cannot.
        """
        first = self.after == NO_BOOT
        if first != (self.prev == NO_DIGEST) or (first and self.number):
            raise ShardHeaderError(f"shard {self.number} names half a shard before it")
        if self.number and self.after != self.boot:
            raise ShardHeaderError(f"shard {self.number} names another boot before it")
        if self.number == 0 and self.at:
            raise ShardHeaderError("shard 0 starts with its boot, and says that it does not")
        if before is not None and self.number == 0 and self.boot == before.boot:
            raise ShardHeaderError("shard 0 stands there twice")
        if before is None or first:
            return
        if self.number:
            if self.number != before.number + 1 or self.boot != before.boot:
                raise ShardHeaderError(f"shard {self.number} does not follow shard {before.number}")
            if end is not None and self.at != end:
                raise ShardHeaderError(f"shard {self.number} says that it starts elsewhere")
        elif self.after != before.boot:
            raise ShardHeaderError(f"boot {self.after} stands before it, and is not there")
        if self.prev != digest:
            raise ShardHeaderError(f"shard {before.number} was changed, or is not the last")
