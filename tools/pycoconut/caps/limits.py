# SPDX-License-Identifier: Apache-2.0
"""Limits: for how long, how often and how far a capability holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .words import U32, U64, CapError

__all__ = ["DEPTH_MAX", "NO_LIMITS", "Limits"]

SECONDS_MAX = (1 << 32) - 1
DEPTH_MAX = 254


@dataclass(frozen=True)
class Limits:
    """Constraints; None where there is none.

    Attributes:
        expires: Seconds from the grant on.
        uses: How often it may be used.
        rate: Uses in each window, and the window in seconds.
        depth: How many times it may be delegated on.
        approval: Each use needs a human's answer.
    """

    expires: int | None = None
    uses: int | None = None
    rate: tuple[int, int] | None = None
    depth: int | None = None
    approval: bool = False

    def __post_init__(self) -> None:
        count, window = self.rate or (1, 1)
        for what, value, least, most in (
            ("expires", self.expires, 1, SECONDS_MAX),
            ("uses", self.uses, 1, U64),
            ("rate", count, 1, U32),
            ("rate's window", window, 1, SECONDS_MAX),
            ("depth", self.depth, 0, DEPTH_MAX),
        ):
            if value is not None and not least <= value <= most:
                raise CapError(f"{what}: {value} is not between {least} and {most}")

    def text(self) -> list[str]:
        parts = []
        if self.expires is not None:
            parts.append(f"expires={self.expires}s")
        if self.uses is not None:
            parts.append(f"uses={self.uses}")
        if self.rate is not None:
            parts.append(f"rate={self.rate[0]}/{self.rate[1]}s")
        if self.depth is not None:
            parts.append(f"depth={self.depth}")
        if self.approval:
            parts.append("approval")
        return parts

    def cbor(self) -> dict[int, Any]:
        rate = None if self.rate is None else list(self.rate)
        values = (self.expires, self.uses, rate, self.depth, self.approval or None)
        return {key: value for key, value in enumerate(values, 1) if value is not None}

    @classmethod
    def from_cbor(cls, value: Any) -> Limits:
        if not isinstance(value, dict) or not value or not set(value) <= set(range(1, 6)):
            raise CapError("no limits")
        for key in (1, 2, 4):
            if key in value and (type(value[key]) is not int):
                raise CapError("a limit is a number")
        rate = None
        if 3 in value:
            match value[3]:
                case [int(count), int(window)]:
                    rate = (count, window)
                case _:
                    raise CapError("no rate")
        if value.get(5, True) is not True:
            raise CapError("approval is true or absent")
        return cls(value.get(1), value.get(2), rate, value.get(4), 5 in value)


NO_LIMITS = Limits()
