# SPDX-License-Identifier: Apache-2.0
"""The MACs of records: one key a CPU, another after each record.

Who holds the seed of a boot can say of each record whether it is the one that was
written when it happened, and which one is not. Source: the kernel's
kernel/audit/coconut/mac.c.
"""

from __future__ import annotations

import hmac

from blake3 import blake3

__all__ = ["MacKeys"]

CPU_CONTEXT = "coconut-os 2026 audit cpu key"
NEXT_CONTEXT = "coconut-os 2026 audit key evolution"


class MacKeys:
    """The keys of a boot, moved on as its records are read in order of seq."""

    def __init__(self, seed: bytes, boot: bytes) -> None:
        if len(seed) != 32:
            raise ValueError("a seed has 32 bytes")
        self._base = seed + boot
        self._keys: dict[int, bytes] = {}

    def mac(self, cpu: int, data: bytes) -> bytes:
        """MAC of the next record of a CPU; moves that CPU's key on."""
        key = self._keys.get(cpu)
        if key is None:
            material = self._base + cpu.to_bytes(4, "little")
            key = blake3(material, derive_key_context=CPU_CONTEXT).digest()
        self._keys[cpu] = blake3(key, derive_key_context=NEXT_CONTEXT).digest()
        return blake3(data, key=key).digest()

    def check(self, cpu: int, data: bytes, mac: bytes) -> bool:
        """Is this the MAC of the next record of a CPU?"""
        return hmac.compare_digest(self.mac(cpu, data), mac)
