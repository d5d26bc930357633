# SPDX-License-Identifier: Apache-2.0
"""Signed notes (https://c2sp.org/signed-note): text, and Ed25519 signatures below it."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ..errors import CoconutError
from ..keys import SecretKey, verify

__all__ = ["NoteError", "NoteKey", "open_note", "read_note", "sign_note"]

NOTE_MAX = 1 << 20
SIGNATURES_MAX = 100
ED25519 = b"\x01"
NAME = re.compile(r"[^\s+]+")
SIGNATURE = re.compile("— ([^\\s+]+) ([A-Za-z0-9+/=]+)")


class NoteError(CoconutError):
    """A note that is none, or that nobody who is known signed."""


def decode_base64(text: str) -> bytes:
    """Standard base64 in its one form.

    Raises:
        NoteError: It is not that.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or base64.b64encode(data).decode() != text:
        raise NoteError(f"no base64: {text[:80]!r}")
    return data


@dataclass(frozen=True)
class NoteKey:
    """Who signs notes: a name, and 32 bytes of public key."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        # What the command line got that is not UTF-8 comes as surrogates.
        known = NAME.fullmatch(self.name) and not any("\ud800" <= c <= "\udfff" for c in self.name)
        if not known or len(self.public) != 32:
            raise NoteError("a key has a name without blanks and plus signs, and 32 bytes")

    @property
    def id(self) -> bytes:
        """4 bytes, which stand before each signature."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> NoteKey:
        """Reads NAME+ID+KEY, as str() writes it.

        Raises:
            NoteError: It is none.
        """
        name, _, rest = text.partition("+")
        encoded = rest.partition("+")[2]
        data = decode_base64(encoded)
        if data[:1] != ED25519:
            raise NoteError("only Ed25519 keys are known here")
        key = cls(name, data[1:])
        if str(key) != text:
            raise NoteError("the key's id is not that of its name and bytes")
        return key


def sign_note(text: str, name: str, key: SecretKey) -> str:
    """A note of this text with one signature.

    Raises:
        NoteError: The name or the text cannot be of a note.
    """
    _check_text(text)
    signature = NoteKey(name, key.public.raw).id + key.sign(text.encode())
    return f"{text}\n— {name} {base64.b64encode(signature).decode()}\n"


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(ord(c) < 0x20 and c != "\n" for c in text):
        raise NoteError("a note is lines of text, without control characters")


def read_note(path: Path) -> str:
    """The note that a file holds, to the byte: a carriage return stays where it is.

    Raises:
        NoteError: It is no text, or too long.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(NOTE_MAX + 1)
    if len(data) > NOTE_MAX:
        raise NoteError("the note is too long")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise NoteError(f"{path}: no note: it is not UTF-8") from None


def open_note(note: str, key: NoteKey) -> str:
    """The text of a note that this key signed; other signatures may stand there too.

    Raises:
        NoteError: It is no note, or is not signed by the key.
    """
    if len(note.encode()) > NOTE_MAX:
        raise NoteError("the note is too long")
    text, blank, below = note.rpartition("\n\n")
    text += "\n"
    _check_text(text)
    lines = below.split("\n")
    if not blank or lines.pop() or not 0 < len(lines) <= SIGNATURES_MAX:
        raise NoteError("no signatures stand below the note")
    found = False
    for line in lines:
        match = SIGNATURE.fullmatch(line)
        if match is None:
            raise NoteError(f"no signature: {line[:80]!r}")
        data = decode_base64(match[2])
        if (match[1], data[:4]) != (key.name, key.id):
            continue
        if found or not verify(key.public, text.encode(), data[4:]):
            raise NoteError(f"the signature of {key.name} is wrong")
        found = True
    if not found:
        raise NoteError(f"{key.name} has not signed it")
    return text
