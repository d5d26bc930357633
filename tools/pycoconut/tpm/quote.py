# SPDX-License-Identifier: Apache-2.0
"""Quotes: what the TPM says of the chain's PCR and of its counter, with the caller's nonce.

The file holds what the TPM wrote (TPMS_ATTEST, TPMT_SIGNATURE, TPMT_PUBLIC) as it wrote it.
Whoever hands it in is not believed: each byte is accounted for.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from .. import abi
from ..errors import CoconutError
from .device import KEY_ATTRIBUTES, KEY_FORM, Device, TpmError
from .p256 import KeyFormatError, PublicPoint
from .wire import Alg, Reader, WireError, pcr_selection, sized, u16, u32

__all__ = ["Attested", "Quote", "QuoteError", "take_quote"]

FORM = "coconut-tpm-quote-1"
FILE_MAX = 16 << 10
NONCE_MAX = 32
"""A TPM takes no more than a digest of its longest hash; SHA-256 is what each has."""
NAME_MAX, CONTENTS_MAX = 66, 64
COUNTER_SIZE = 8
#: TPM_GENERATED_VALUE: a restricted key signs what begins so only if the TPM made it.
GENERATED = u32(0xFF544347)
ST_QUOTE, ST_NV = u16(0x8018), u16(0x8014)
#: TPMS_NV_PUBLIC of the counter: authWrite, counter, authRead, noDA, written.
COUNTER_PUBLIC = (
    u32(abi.TPM_NV_COUNTER) + u16(Alg.SHA256) + u32(0x22040014) + sized(b"") + u16(COUNTER_SIZE)
)


class QuoteError(CoconutError):
    """A quote that says nothing about any log."""


@dataclass(frozen=True)
class Attested:
    """What was signed, and holds.

    Attributes:
        pcr_digest: SHA-256 over the chain's PCR.
        counter: Of boots, now; None: it was not asked for.
        key: That signed.
    """

    pcr_digest: bytes
    counter: int | None
    key: PublicPoint


@dataclass(frozen=True)
class Quote:
    """A quote as it is in a file; nothing of it is checked yet.

    Attributes:
        public: TPMT_PUBLIC of the key.
        pcr: TPMS_ATTEST of the PCR, and its TPMT_SIGNATURE.
        counter: The same of the counter; None: there is none.
    """

    public: bytes
    pcr: tuple[bytes, bytes]
    counter: tuple[bytes, bytes] | None

    def dumps(self) -> str:
        def signed(pair: tuple[bytes, bytes]) -> dict[str, str]:
            attest, signature = map(_encode, pair)
            return {"attest": attest, "signature": signature}

        value = {"form": FORM, "key": _encode(self.public), "pcr": signed(self.pcr)}
        if self.counter:
            value["counter"] = signed(self.counter)
        return json.dumps(value, indent=1)

    @classmethod
    def loads(cls, text: str) -> Quote:
        """Reads what dumps() wrote.

        Raises:
            QuoteError: It is none.
        """
        if len(text) > FILE_MAX:
            raise QuoteError("no quote: it is too long")
        try:
            value: Any = json.loads(text, object_pairs_hook=_unique)
            if value.pop("form") != FORM:
                raise QuoteError("no quote of this form")
            key, pcr, counter = value.pop("key"), value.pop("pcr"), value.pop("counter", None)
            if value:
                raise QuoteError(f"no quote: {next(iter(value))!r} does not belong there")
            return cls(_decode(key), _pair(pcr), _pair(counter) if counter else None)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise QuoteError(f"no quote: {error}") from None

    def check(self, nonce: bytes, key: PublicPoint | None) -> Attested:
        """What it says, once that is known to be the TPM's word on this nonce.

        Args:
            nonce: That was asked with.
            key: That must have signed; None: the one that the quote itself names.

        Raises:
            QuoteError: It is cut off, altered, by another key or on another nonce.
        """
        try:
            found = _public(self.public)
            if key is not None and found != key:
                raise QuoteError(
                    "the quote is by another key than the one that was given",
                    hint="--tpm-key is of another machine, or the TPM was replaced or cleared",
                )
            digest = _attested_pcr(_checked(self.pcr, ST_QUOTE, nonce, found, "the quote"))
            counter = None
            if self.counter:
                what = "the counter's certificate"
                counter = _attested_counter(_checked(self.counter, ST_NV, nonce, found, what))
        except (WireError, KeyFormatError) as error:
            raise QuoteError(str(error)) from None
        return Attested(digest, counter, found)


def take_quote(device: Device, nonce: bytes) -> Quote:
    """Asks the TPM.

    Raises:
        TpmError: It says no.
        QuoteError: The nonce is none.
    """
    if not 0 < len(nonce) <= NONCE_MAX:
        raise QuoteError(f"a nonce has 1 to {NONCE_MAX} bytes")
    with device.signing_key() as (key, public):
        pcr = device.quote(key, nonce, abi.TPM_PCR)
        try:
            counter = device.certify(key, nonce, abi.TPM_NV_COUNTER, COUNTER_SIZE)
        except TpmError:
            # The owner did not let the kernel make one.
            return Quote(public, pcr, None)
    return Quote(public, pcr, counter)


# ---- the file ----


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands there twice")
    return value


def _pair(value: Any) -> tuple[bytes, bytes]:
    attest, signature = value.pop("attest"), value.pop("signature")
    if value:
        raise ValueError(f"{next(iter(value))!r} does not belong there")
    return _decode(attest), _decode(signature)


# ---- what the TPM wrote ----


def _public(data: bytes) -> PublicPoint:
    reader = Reader(data, "the key")
    reader.expect(u16(Alg.ECC) + u16(Alg.SHA256), "not on an elliptic curve")
    # One that signs anything would sign a quote that somebody made up.
    reader.expect(u32(KEY_ATTRIBUTES), "not one that signs nothing but what the TPM says")
    reader.expect(KEY_FORM, "not of ECDSA on P-256 with SHA-256")
    x, y = reader.sized(32), reader.sized(32)
    reader.end()
    # A TPM may leave out zeros in front.
    return PublicPoint.from_bytes(x.rjust(32, b"\0"), y.rjust(32, b"\0"))


def _signature(data: bytes, what: str) -> tuple[int, int]:
    reader = Reader(data, f"the signature of {what}")
    reader.expect(u16(Alg.ECDSA) + u16(Alg.SHA256), "not of ECDSA with SHA-256")
    r, s = reader.sized(32), reader.sized(32)
    reader.end()
    return int.from_bytes(r), int.from_bytes(s)


def _checked(
    signed: tuple[bytes, bytes], kind: bytes, nonce: bytes, key: PublicPoint, what: str
) -> Reader:
    """The part of a TPMS_ATTEST that its kind decides, if all before is right."""
    attest, signature = signed
    if not key.verify(attest, *_signature(signature, what)):
        raise QuoteError(f"the signature of {what} is not good: it was altered")
    reader = Reader(attest, what)
    reader.expect(GENERATED, "the TPM did not make it")
    reader.expect(kind, "it is about something else")
    reader.sized(NAME_MAX)
    if reader.sized(CONTENTS_MAX) != nonce:
        raise QuoteError(
            f"{what} is on another nonce: it is an old one, or somebody else's",
            hint="ask for a new one with this --nonce",
        )
    reader.take(8 + 4 + 4 + 1 + 8)
    return reader


def _attested_pcr(reader: Reader) -> bytes:
    reader.expect(pcr_selection(abi.TPM_PCR), "it is of other PCRs than the chain's")
    digest = reader.sized(CONTENTS_MAX)
    reader.end()
    return digest


def _attested_counter(reader: Reader) -> int:
    name = u16(Alg.SHA256) + hashlib.sha256(COUNTER_PUBLIC).digest()
    reader.expect(sized(name) + u16(0), "it is not of the counter of boots")
    value = reader.sized(CONTENTS_MAX)
    reader.end()
    if len(value) != COUNTER_SIZE:
        raise WireError("the counter's certificate: no number of 8 bytes")
    return int.from_bytes(value)
