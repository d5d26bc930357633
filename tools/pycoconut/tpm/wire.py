# SPDX-License-Identifier: Apache-2.0
"""How a TPM 2 writes things down (TCG, TPM 2.0 Library, part 2): integers, sized buffers, lists."""

from __future__ import annotations

from enum import IntEnum

from ..errors import CoconutError

__all__ = ["Alg", "Reader", "WireError", "pcr_selection", "sized", "u16", "u32"]


class WireError(CoconutError):
    """Bytes that are not what a TPM writes."""


class Alg(IntEnum):
    """TPM_ALG_ID, those that occur here."""

    SHA256 = 0x000B
    NULL = 0x0010
    ECDSA = 0x0018
    ECC = 0x0023


def u16(value: int) -> bytes:
    return value.to_bytes(2)


def u32(value: int) -> bytes:
    return value.to_bytes(4)


def sized(data: bytes) -> bytes:
    """TPM2B."""
    return u16(len(data)) + data


def pcr_selection(pcr: int) -> bytes:
    """TPML_PCR_SELECTION of one PCR of the SHA-256 bank."""
    return u32(1) + u16(Alg.SHA256) + b"\x03" + (1 << pcr).to_bytes(3, "little")


class Reader:
    """Reads bytes from the front, and to the last one."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._at = 0
        self._what = what

    def take(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            WireError: There are fewer.
        """
        end = self._at + size
        if end > len(self._data):
            raise WireError(f"{self._what}: cut off after {len(self._data)} bytes")
        self._at, start = end, self._at
        return self._data[start:end]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def sized(self, most: int) -> bytes:
        """TPM2B.

        Raises:
            WireError: It is longer than @most, or cut off.
        """
        size = self.number(2)
        if size > most:
            raise WireError(f"{self._what}: a part of {size} bytes, where {most} are the most")
        return self.take(size)

    def expect(self, data: bytes, why: str) -> None:
        """The next bytes are these.

        Raises:
            WireError: They are not, which means @why.
        """
        if self.take(len(data)) != data:
            raise WireError(f"{self._what}: {why}")

    def end(self) -> None:
        """Nothing follows.

        Raises:
            WireError: Something does.
        """
        if self._at != len(self._data):
            raise WireError(f"{self._what}: {len(self._data) - self._at} bytes too many")
