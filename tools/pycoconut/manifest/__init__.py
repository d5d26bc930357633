# SPDX-License-Identifier: Apache-2.0
"""Manifests: written in YAML or TOML, checked, compiled to CBOR, signed.

Form of the CBOR: syscalls/manifest.cddl. How one is written:
Documentation/userspace-api/coconut/manifest.rst.
"""

from .model import Finding, Manifest, ManifestError
from .reader import lint, load, loads
from .signed import Signed, parse_signed

__all__ = [
    "Finding",
    "Manifest",
    "ManifestError",
    "Signed",
    "lint",
    "load",
    "loads",
    "parse_signed",
]
