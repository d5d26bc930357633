# SPDX-License-Identifier: Apache-2.0
"""Merkle trees over the records of an epoch, of the shape of RFC 6962, with BLAKE3."""

from __future__ import annotations

from collections.abc import Sequence

from blake3 import blake3

__all__ = ["EMPTY", "climb", "leaf", "path", "root"]

#: Root of no leaves.
EMPTY = bytes(32)


def leaf(data: bytes) -> bytes:
    """Hash of one record's bytes."""
    return blake3(b"\x00" + data).digest()


def _level(nodes: Sequence[bytes]) -> list[bytes]:
    """Pairs hashed; a node without a partner moves up as it is."""
    above = [
        blake3(b"\x01" + nodes[i] + nodes[i + 1]).digest() for i in range(0, len(nodes) - 1, 2)
    ]
    if len(nodes) % 2:
        above.append(nodes[-1])
    return above


def root(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes."""
    nodes = list(leaves)
    while len(nodes) > 1:
        nodes = _level(nodes)
    return nodes[0] if nodes else EMPTY


def path(leaves: Sequence[bytes], index: int) -> list[tuple[str, bytes]]:
    """From a leaf to the root: on which side each partner stands, and its hash."""
    found = []
    nodes = list(leaves)
    while len(nodes) > 1:
        partner = index ^ 1
        if partner < len(nodes):
            found.append(("left" if partner < index else "right", nodes[partner]))
        nodes = _level(nodes)
        index //= 2
    return found


def climb(start: bytes, steps: Sequence[tuple[str, bytes]]) -> bytes:
    """The root that a leaf hash and its path lead to."""
    node = start
    for side, partner in steps:
        pair = partner + node if side == "left" else node + partner
        node = blake3(b"\x01" + pair).digest()
    return node
