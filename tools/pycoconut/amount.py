# SPDX-License-Identifier: Apache-2.0
"""Amounts as people write them: 1000, 512M."""

from __future__ import annotations

import re

from .errors import CoconutError

__all__ = ["AmountError", "parse_amount"]

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class AmountError(CoconutError):
    """The text is no amount."""


def parse_amount(text: str) -> int:
    """The number; K, M, G and T are powers of 1024.

    Raises:
        AmountError: It is none.
    """
    match = re.fullmatch(r"([0-9]{1,20})([KMGT]?)", text)
    if match is None:
        raise AmountError(f"{text!r} is no amount; 1000 or 512M")
    return int(match[1]) * UNITS[match[2]]
