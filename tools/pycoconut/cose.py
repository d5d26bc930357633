# SPDX-License-Identifier: Apache-2.0
"""COSE_Sign1 (RFC 9052) in the one form that the kernel takes.

Tagged; EdDSA in the protected header; the signer's public key as kid; the payload
within; no external data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import cbor
from .errors import CoconutError
from .keys import SecretKey, verify

__all__ = ["CoseError", "Sign1", "from_value", "parse", "sign"]

TAG = 18
PROTECTED = cbor.encode({1: -8})
KID = 4


class CoseError(CoconutError):
    """No COSE_Sign1 of this form, or a signature that is wrong."""


@dataclass(frozen=True)
class Sign1:
    """What was signed, and by whom; verify() says whether it was."""

    payload: bytes
    kid: bytes
    signature: bytes

    def verify(self) -> bool:
        """Does the signature fit kid and payload? Says nothing of whether kid is trusted."""
        return verify(self.kid, _to_sign(self.payload), self.signature)

    def encode(self) -> bytes:
        return cbor.encode(
            cbor.Tag(TAG, [PROTECTED, {KID: self.kid}, self.payload, self.signature])
        )


def _to_sign(payload: bytes) -> bytes:
    return cbor.encode(["Signature1", PROTECTED, b"", payload])


def sign(payload: bytes, key: SecretKey) -> bytes:
    """Signs and encodes."""
    return Sign1(payload, key.public.raw, key.sign(_to_sign(payload))).encode()


def from_value(value: Any) -> Sign1:
    """Reads a decoded COSE_Sign1; does not verify.

    Raises:
        CoseError: It has another form.
    """
    if not isinstance(value, cbor.Tag) or value.number != TAG:
        raise CoseError("no COSE_Sign1: the tag 18 is missing")
    match value.value:
        case [bytes(protected), dict(header), bytes(payload), bytes(signature)]:
            kid = header.get(KID)
            if protected != PROTECTED:
                raise CoseError("the protected header is not that of EdDSA")
            if set(header) != {KID} or not isinstance(kid, bytes) or len(kid) != 32:
                raise CoseError("the unprotected header is not just a kid of 32 bytes")
            if len(signature) != 64:
                raise CoseError("a signature has 64 bytes")
            return Sign1(payload, kid, signature)
    raise CoseError("no COSE_Sign1")


def parse(data: bytes) -> Sign1:
    """Reads COSE_Sign1; does not verify.

    Raises:
        CoseError: It has another form.
        CborError: It is not deterministic CBOR.
    """
    return from_value(cbor.decode(data))
