# SPDX-License-Identifier: Apache-2.0
"""How a boot's chain begins: what its BOOT record is about."""

from __future__ import annotations

from dataclasses import dataclass

from ..keys import verify

__all__ = ["Opening"]

CONTEXT = b"coconut-os 2026 boot anchor"
KEYS, COUNTED, SIGNED, ANCHORED = 64, 72, 104, 168


@dataclass(frozen=True)
class Opening:
    """The object of a BOOT record.

    Attributes:
        data: All of it.
    """

    data: bytes

    @classmethod
    def parse(cls, data: bytes) -> Opening | None:
        """None: it is none."""
        return cls(data) if len(data) in (KEYS, COUNTED, ANCHORED) else None

    @property
    def seal_key(self) -> bytes:
        """Public key of epoch 0."""
        return self.data[:32]

    @property
    def counter(self) -> int | None:
        """Of the TPM, when the chain was opened; None: there was none that counts."""
        return int.from_bytes(self.data[KEYS:COUNTED]) if len(self.data) >= COUNTED else None

    @property
    def anchor(self) -> bytes:
        """Public key of the TPM's root; empty: it did not sign."""
        return self.data[COUNTED:SIGNED]

    def holds(self, boot: bytes) -> bool:
        """Did the root, where there is one, sign this for the boot with this id?"""
        if not self.anchor:
            return True
        return verify(self.anchor, CONTEXT + boot + self.data[:SIGNED], self.data[SIGNED:])
