# SPDX-License-Identifier: Apache-2.0
"""ECDSA over NIST P-256 with SHA-256 (FIPS 186-5), verifying only, and the keys' PEM.

The arithmetic is OpenSSL's, by way of cryptography. That is loaded where a key is first made:
few commands have one, and each would start later for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import CoconutError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

__all__ = ["KeyFormatError", "PublicPoint"]

SIZE = 32


class KeyFormatError(CoconutError):
    """No public key on this curve."""


@dataclass(frozen=True)
class PublicPoint:
    """A public key."""

    x: int
    y: int

    def __post_init__(self) -> None:
        self._load()

    def _load(self) -> EllipticCurvePublicKey:
        from cryptography.hazmat.primitives.asymmetric import ec

        numbers = ec.EllipticCurvePublicNumbers(self.x, self.y, ec.SECP256R1())
        try:
            key = numbers.public_key()
        except ValueError:
            raise KeyFormatError("no point of the curve P-256") from None
        # OpenSSL takes a coordinate for what it is modulo the field: one key in two forms.
        if key.public_numbers() != numbers:
            raise KeyFormatError("no point of the curve P-256 in its one form")
        return key

    @classmethod
    def from_bytes(cls, x: bytes, y: bytes) -> PublicPoint:
        """Of its coordinates, big-endian.

        Raises:
            KeyFormatError: There is no such point.
        """
        if len(x) != SIZE or len(y) != SIZE:
            raise KeyFormatError("a coordinate on P-256 has 32 bytes")
        return cls(int.from_bytes(x), int.from_bytes(y))

    @classmethod
    def from_pem(cls, text: str) -> PublicPoint:
        """Reads a public key as openssl writes it.

        Raises:
            KeyFormatError: It is none, or is on another curve.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            key = load_pem_public_key(text.encode())
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == ec.SECP256R1.name:
            numbers = key.public_numbers()
            found = cls(numbers.x, numbers.y)
            # OpenSSL reads more forms than it writes.
            if "".join(found.pem.split()) == "".join(text.split()):
                return found
        raise KeyFormatError(
            "no PEM of a public key on P-256", hint="coconut audit quote --key-output writes it"
        )

    @property
    def pem(self) -> str:
        """The same form."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        form = PublicFormat.SubjectPublicKeyInfo
        return self._load().public_bytes(Encoding.PEM, form).decode()

    def verify(self, message: bytes, r: int, s: int) -> bool:
        """Is (r, s) a signature of this message by this key?"""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            signature = utils.encode_dss_signature(r, s)
            self._load().verify(signature, message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True
