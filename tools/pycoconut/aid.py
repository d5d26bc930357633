# SPDX-License-Identifier: Apache-2.0
"""AIDs as text: a:00017."""

from __future__ import annotations

import re

from .errors import CoconutError

__all__ = ["AidError", "format_aid", "parse_aid"]

TEXT = re.compile(r"(?:a:)?([0-9]{1,20})", re.ASCII)


class AidError(CoconutError):
    """Text that is no AID."""


def format_aid(aid: int) -> str:
    """17 as a:00017."""
    return f"a:{aid:05}"


def parse_aid(text: str) -> int:
    """a:00017, or 17, as 17.

    Raises:
        AidError: It is neither, or does not fit into 64 bits.
    """
    match = TEXT.fullmatch(text)
    if match is None or int(match[1]) >= 1 << 64:
        raise AidError(f"no AID: {text}", hint="an AID is written a:00017 or 17")
    return int(match[1])
