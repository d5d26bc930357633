# SPDX-License-Identifier: Apache-2.0
"""Attestations: what the kernel says, signed, of an agent and its ancestors.

Form: syscalls/attestation.cddl.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from . import cbor, cose
from .abi import DEPTH_MAX, State
from .aid import format_aid
from .errors import CoconutError

__all__ = ["AttestationError", "Claims", "parse", "verify"]

NONCE, IAT = 10, 6
AID, PARENT, MANIFEST, CODE, AUTHORIZER, CAPS, HEAD, BOOT, NAME, STATE = range(-75000, -75010, -1)
PERMISSIVE = -75010
SIZES: Mapping[int, int] = {MANIFEST: 32, CODE: 32, AUTHORIZER: 32, CAPS: 32, HEAD: 32, BOOT: 16}
NUMBERS = (IAT, AID, PARENT, STATE)


class AttestationError(CoconutError):
    """No attestation, or one that does not hold."""


@dataclass(frozen=True)
class Claims:
    """What is said of one agent.

    Attributes:
        aid, parent: AIDs; the boot agent is its own parent.
        issued: Seconds, CLOCK_MONOTONIC.
        manifest: BLAKE3 of the signed manifest.
        code: BLAKE3 of the program executed last; zeros: none yet.
        authorizer: Public key that signed the manifest.
        caps: Digest of the capability set.
        head: Head of the chain when it was spawned.
        boot: Boot id.
        name: As in its manifest.
        state: Where it is in its life.
        permissive: It is not held to its capabilities.
        nonce: What the caller gave.
        signer: Public key that signed this.
    """

    aid: int
    parent: int
    issued: int
    manifest: bytes
    code: bytes
    authorizer: bytes
    caps: bytes
    head: bytes
    boot: bytes
    name: str
    state: State
    permissive: bool
    nonce: bytes
    signer: bytes

    def to_json(self) -> dict[str, Any]:
        return {
            "aid": format_aid(self.aid),
            "parent": format_aid(self.parent),
            "name": self.name,
            "state": self.state.name.lower(),
            "permissive": self.permissive,
            "issued": self.issued,
            "manifest": self.manifest.hex(),
            "code": self.code.hex(),
            "authorizer": self.authorizer.hex(),
            "caps": self.caps.hex(),
            "head": self.head.hex(),
            "boot": self.boot.hex(),
            "nonce": self.nonce.hex(),
            "signer": self.signer.hex(),
        }


def _claims(payload: bytes, signer: bytes) -> Claims:
    value = cbor.decode(payload)
    needed = {*NUMBERS, *SIZES, NAME, PERMISSIVE}
    if not isinstance(value, dict) or set(value) - {NONCE} != needed:
        raise AttestationError("claims are missing, or there are others")
    for key, size in SIZES.items():
        if not isinstance(value[key], bytes) or len(value[key]) != size:
            raise AttestationError(f"claim {key} has not {size} bytes")
    if any(type(value[key]) is not int or value[key] < 0 for key in NUMBERS):
        raise AttestationError("a claim that is no number")
    nonce = value.get(NONCE, b"")
    if not isinstance(value[NAME], str) or not isinstance(nonce, bytes):
        raise AttestationError("a name that is no text, or a nonce that is no bytes")
    if not isinstance(value[PERMISSIVE], bool):
        raise AttestationError("permissive is true or false")
    if value[STATE] not in list(State):
        raise AttestationError(f"no state: {value[STATE]}")
    return Claims(
        aid=value[AID],
        parent=value[PARENT],
        issued=value[IAT],
        manifest=value[MANIFEST],
        code=value[CODE],
        authorizer=value[AUTHORIZER],
        caps=value[CAPS],
        head=value[HEAD],
        boot=value[BOOT],
        name=value[NAME],
        state=State(value[STATE]),
        permissive=value[PERMISSIVE],
        nonce=nonce,
        signer=signer,
    )


def parse(data: bytes) -> list[Claims]:
    """Reads a chain of attestations and checks each signature with the key it names.

    Raises:
        AttestationError: It is none, or a signature is wrong.
        CoseError, CborError: It is none.
    """
    value = cbor.decode(data)
    if not isinstance(value, list) or not 1 <= len(value) <= DEPTH_MAX + 1:
        raise AttestationError("no chain of attestations")
    found: list[Claims] = []
    for item in value:
        signed = cose.from_value(item)
        if not signed.verify():
            raise AttestationError(f"link {len(found)}: the signature is wrong")
        found.append(_claims(signed.payload, signed.kid))
    return found


def verify(
    data: bytes, key: bytes, nonce: bytes | None = None, *, permissive: bool = False
) -> list[Claims]:
    """Reads a chain of attestations, and holds it to a key, to the nonce, and to itself.

    Args:
        data: What agent_attest() returned.
        key: The kernel's attestation key, known from elsewhere: `/agent/abi`, or the
            boot record of a log that was verified.
        nonce: What was given to agent_attest(); None: whatever it was.
        permissive: Take agents too that are not held to their capabilities.

    Raises:
        AttestationError: It does not hold.
        CoseError, CborError: It is none.
    """
    chain = parse(data)
    for child, parent in pairwise(chain):
        if child.parent != parent.aid or child.aid <= parent.aid:
            raise AttestationError(
                f"{format_aid(child.aid)} is followed by {format_aid(parent.aid)}, "
                f"not by its parent {format_aid(child.parent)}"
            )
    if chain[-1].aid != 0:
        raise AttestationError("the last link is not the boot agent")
    for claims in chain:
        if claims.signer != key:
            raise AttestationError(f"{format_aid(claims.aid)}: signed by another key")
        if claims.boot != chain[0].boot:
            raise AttestationError(f"{format_aid(claims.aid)}: of another boot")
        if claims.permissive and not permissive:
            raise AttestationError(
                f"{format_aid(claims.aid)} is permissive: nothing holds it to its capabilities"
            )
        if nonce is not None and claims.nonce != nonce:
            raise AttestationError(f"{format_aid(claims.aid)}: another nonce; is it old?")
    return chain
