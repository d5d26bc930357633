# SPDX-License-Identifier: Apache-2.0
"""ECDSA over NIST P-256 with SHA-256 (FIPS 186-5), verifying only, and the keys' PEM.

What is verified is public: nothing here is secret, so nothing has to take constant time.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from ..errors import CoconutError

__all__ = ["KeyFormatError", "PublicPoint"]

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
SIZE = 32
#: SubjectPublicKeyInfo of a point on the curve that is not compressed (RFC 5480), up to it.
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
PEM = re.compile(r"\s*-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END PUBLIC KEY-----\s*")

#: A point; None is that at infinity.
Point = tuple[int, int] | None


class KeyFormatError(CoconutError):
    """No public key on this curve."""


def _add(one: Point, two: Point) -> Point:
    if one is None or two is None:
        return one or two
    (x1, y1), (x2, y2) = one, two
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    if one == two:
        slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def _multiply(factor: int, point: Point) -> Point:
    result: Point = None
    for bit in f"{factor:b}":
        result = _add(result, result)
        if bit == "1":
            result = _add(result, point)
    return result


@dataclass(frozen=True)
class PublicPoint:
    """A public key."""

    x: int
    y: int

    def __post_init__(self) -> None:
        inside = 0 <= self.x < P and 0 <= self.y < P
        if not inside or (self.y * self.y - self.x**3 - A * self.x - B) % P:
            raise KeyFormatError("no point of the curve P-256")

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
        match = PEM.fullmatch(text)
        try:
            der = base64.b64decode(match[1].replace("\n", ""), validate=True) if match else b""
        except ValueError:
            der = b""
        if not der.startswith(SPKI) or len(der) != len(SPKI) + 2 * SIZE:
            raise KeyFormatError(
                "no PEM of a public key on P-256", hint="coconut audit quote --key-output writes it"
            )
        point = der[len(SPKI) :]
        return cls.from_bytes(point[:SIZE], point[SIZE:])

    @property
    def pem(self) -> str:
        """The same form."""
        der = SPKI + self.x.to_bytes(SIZE) + self.y.to_bytes(SIZE)
        text = base64.b64encode(der).decode()
        lines = [text[i : i + 64] for i in range(0, len(text), 64)]
        return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])

    def verify(self, message: bytes, r: int, s: int) -> bool:
        """Is (r, s) a signature of this message by this key?"""
        if not (0 < r < N and 0 < s < N):
            return False
        digest = int.from_bytes(hashlib.sha256(message).digest())
        inverse = pow(s, -1, N)
        point = _add(
            _multiply(digest * inverse % N, G), _multiply(r * inverse % N, (self.x, self.y))
        )
        return point is not None and point[0] % N == r
