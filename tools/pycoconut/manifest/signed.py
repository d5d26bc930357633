# SPDX-License-Identifier: Apache-2.0
"""A signed manifest: COSE_Sign1 with a manifest within."""

from __future__ import annotations

from dataclasses import dataclass

from blake3 import blake3

from .. import cose
from ..abi import MANIFEST_MAX
from .model import Manifest, ManifestError

__all__ = ["Signed", "parse_signed"]


@dataclass(frozen=True)
class Signed:
    """A signed manifest, as it was read; `verified` speaks of the signature alone."""

    manifest: Manifest
    authorizer: bytes
    verified: bool
    digest: bytes


def parse_signed(data: bytes) -> Signed:
    """Reads COSE_Sign1 with a manifest within.

    Raises:
        ManifestError, CoseError, CborError: It is none.
    """
    if len(data) > MANIFEST_MAX:
        raise ManifestError(f"{len(data)} bytes; at most {MANIFEST_MAX}")
    signed = cose.parse(data)
    return Signed(
        manifest=Manifest.decode(signed.payload),
        authorizer=signed.kid,
        verified=signed.verify(),
        digest=blake3(data).digest(),
    )
