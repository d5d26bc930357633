# SPDX-License-Identifier: Apache-2.0
"""Ed25519 keys (RFC 8032) of authorizers, and the files they are kept in.

A secret key is a file of one line, `coconut-ed25519-seed <64 hex>`, mode 0600. Its
public key stands beside it in NAME.pub: `<64 hex> <label>`, which is also what
/agent/policy/authorizers shows and takes.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from .errors import CoconutError

__all__ = ["KeyFileError", "PublicKey", "SecretKey", "parse_public", "read_public", "verify"]

MARK = "coconut-ed25519-seed"
LABEL = re.compile(r"[A-Za-z0-9._@-]{1,64}")


class KeyFileError(CoconutError):
    """A key file that cannot be used."""


@dataclass(frozen=True)
class PublicKey:
    """32 bytes, and what people call them."""

    raw: bytes
    label: str = ""

    def __str__(self) -> str:
        return f"{self.raw.hex()} {self.label}".rstrip()


@dataclass(frozen=True, repr=False)
class SecretKey:
    """The seed of 32 bytes; never shown."""

    seed: bytes
    label: str = ""

    @property
    def public(self) -> PublicKey:
        return PublicKey(bytes(SigningKey(self.seed).verify_key), self.label)

    def sign(self, message: bytes) -> bytes:
        """64 bytes of signature."""
        return SigningKey(self.seed).sign(message).signature

    @classmethod
    def make(cls, label: str) -> SecretKey:
        """A new one, of the kernel's random numbers."""
        _check_label(label)
        return cls(secrets.token_bytes(32), label)

    @classmethod
    def read(cls, path: Path) -> SecretKey:
        """Reads a secret key; refuses one that others can read.

        Raises:
            KeyFileError: It is none, or others can read it.
            OSError: It cannot be read.
        """
        with path.open(encoding="ascii", errors="replace") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise KeyFileError(f"{path}: others can read it", hint=f"chmod 600 {path}")
            mark, _, text = file.read(256).strip().partition(" ")
        if mark != MARK or re.fullmatch(r"[0-9a-f]{64}", text) is None:
            raise KeyFileError(f"{path}: no secret key", hint="coconut keys new makes one")
        return cls(bytes.fromhex(text), path.stem)

    def write(self, path: Path) -> Path:
        """Writes the secret and, beside it, the public key; returns the latter's path.

        Raises:
            FileExistsError: Nothing is ever overwritten.
        """
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{MARK} {self.seed.hex()}\n")
        public = path.with_name(path.name + ".pub")
        public.write_text(f"{self.public}\n", encoding="ascii")
        return public


def _check_label(label: str) -> None:
    if LABEL.fullmatch(label) is None:
        raise KeyFileError(f"no label: {label!r}", hint="letters, digits, . _ @ -; at most 64")


def parse_public(text: str) -> PublicKey:
    """`<64 hex> [label]`.

    Raises:
        KeyFileError: It is none.
    """
    match = re.fullmatch(r"([0-9a-fA-F]{64})(?:\s+(\S.*))?", text.strip())
    if match is None:
        raise KeyFileError(f"no public key: {text[:80]!r}", hint="64 hexadecimal digits")
    return PublicKey(bytes.fromhex(match[1]), (match[2] or "").strip())


def read_public(text: str) -> PublicKey:
    """A public key given as 64 digits or as the path of a .pub file."""
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        return parse_public(text)
    return parse_public(Path(text).read_text(encoding="ascii", errors="replace"))


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Is this the signature of this message by this key?"""
    if len(public) != 32 or len(signature) != 64:
        return False
    try:
        VerifyKey(public).verify(message, signature)
    except BadSignatureError:
        return False
    return True
