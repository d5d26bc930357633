# SPDX-License-Identifier: Apache-2.0
"""What the text and the CBOR of a capability are made of: bytes, names, numbers, times."""

from __future__ import annotations

import re

from ..errors import CoconutError

__all__ = [
    "U16",
    "U32",
    "U64",
    "CapError",
    "check_name",
    "check_path",
    "escape",
    "number",
    "seconds",
    "star",
    "unescape",
    "utf8",
]

PATH_MAX = 4095
U16, U32, U64 = (1 << 16) - 1, (1 << 32) - 1, (1 << 64) - 1
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "sec": 1, "min": 60, "hour": 3600, "day": 86400}


class CapError(CoconutError):
    """Text or CBOR that is no capability."""


def escape(data: bytes) -> str:
    """Bytes as they stand in the text of a capability."""
    plain = range(0x21, 0x7F)
    return "".join(chr(b) if b in plain and b not in b"\\;" else f"\\x{b:02x}" for b in data)


def unescape(text: str) -> bytes:
    """What escape() made; other text stands for its UTF-8.

    Raises:
        CapError: A backslash is followed by something else than xNN, or control
            characters stand there as they are.
    """
    if re.search(r"\\(?!x[0-9a-fA-F]{2})", text):
        raise CapError(f"a backslash without xNN: {text}", hint="a backslash itself is \\x5c")
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise CapError(f"a control character: {text!r}", hint="write it \\xNN")
    parts = re.split(r"\\x([0-9a-fA-F]{2})", text)
    return b"".join(
        bytes.fromhex(part) if i % 2 else part.encode("utf-8", "surrogateescape")
        for i, part in enumerate(parts)
    )


def star(text: str) -> str:
    return text.replace("*", "\\x2a")


def utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CapError("a name that is not UTF-8") from None


def number(text: str, most: int, what: str, least: int = 0) -> int:
    try:
        value = int(text, 16 if text.startswith("0x") else 10)
    except ValueError:
        raise CapError(f"{what}: no number: {text}") from None
    if not least <= value <= most or not text[:1].isdigit():
        raise CapError(f"{what}: {text} is not between {least} and {most}")
    return value


def seconds(text: str) -> int:
    """60s, 5m, 2h, 1d, min, hour as seconds; a bare unit is one of it."""
    match = re.fullmatch(r"([0-9]{0,18})([a-z]*)", text, re.ASCII)
    if match is None or not text or (match[2] or "s") not in SECONDS:
        raise CapError(f"no time: {text}", hint="60s, 5m, 2h or 1d")
    return int(match[1] or "1") * SECONDS[match[2] or "s"]


def check_path(path: bytes) -> None:
    if not path.startswith(b"/"):
        raise CapError(f"not absolute: {escape(path)}", hint="a path starts with /")
    if b"\0" in path or len(path) > PATH_MAX:
        raise CapError(f"a path has no NUL and at most {PATH_MAX} bytes")


def check_name(name: str, most: int, what: str) -> None:
    size = len(name.encode("utf-8", "surrogatepass"))
    if not 1 <= size <= most or "\0" in name:
        raise CapError(f"{what}: between 1 and {most} bytes, no NUL")
