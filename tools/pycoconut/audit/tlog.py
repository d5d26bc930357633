# SPDX-License-Identifier: Apache-2.0
"""The tree of a transparency log: RFC 6962 with SHA-256, which witnesses understand.

Its leaves are the seals of a boot, in order. Two checkpoints are consistent if the tree of
the smaller is the beginning of the tree of the larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

__all__ = ["climb", "consistency", "inclusion", "is_consistent", "leaf", "root"]


def leaf(data: bytes) -> bytes:
    """Hash of one leaf."""
    return sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """Largest power of two below a size of at least 2."""
    return 1 << (size - 1).bit_length() - 1


def root(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes."""
    if not leaves:
        return sha256().digest()
    nodes = list(leaves)
    while len(nodes) > 1:
        above = [_node(nodes[i], nodes[i + 1]) for i in range(0, len(nodes) - 1, 2)]
        nodes = above + nodes[len(above) * 2 :]
    return nodes[0]


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Proof that a leaf is in the tree.

    Raises:
        ValueError: There is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"leaf {index} of {len(leaves)}")
    proof = []
    while len(leaves) > 1:
        half = _split(len(leaves))
        low, high = leaves[:half], leaves[half:]
        proof.append(root(high if index < half else low))
        index, leaves = (index, low) if index < half else (index - half, high)
    return proof[::-1]


def climb(index: int, size: int, start: bytes, proof: Sequence[bytes]) -> bytes | None:
    """The root that a leaf and its proof lead to, by RFC 9162, 2.1.3.2; None: to none."""
    if not 0 <= index < size:
        return None
    one, two, node = index, size - 1, start
    for step in proof:
        if two == 0:
            return None
        if one & 1 or one == two:
            node = _node(step, node)
            while one and not one & 1:
                one, two = one >> 1, two >> 1
        else:
            node = _node(node, step)
        one, two = one >> 1, two >> 1
    return node if two == 0 else None


def consistency(old: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Proof that the tree over the first `old` leaves begins the tree over all of them.

    Raises:
        ValueError: There are fewer leaves.
    """
    if not 0 <= old <= len(leaves):
        raise ValueError(f"{old} leaves of {len(leaves)}")
    if old in (0, len(leaves)):
        return []
    return _subproof(old, leaves, known=True)


def _subproof(old: int, leaves: Sequence[bytes], *, known: bool) -> list[bytes]:
    """RFC 6962, 2.1.2; `known`: who checks has the root of this subtree."""
    if old == len(leaves):
        return [] if known else [root(leaves)]
    half = _split(len(leaves))
    if old <= half:
        return [*_subproof(old, leaves[:half], known=known), root(leaves[half:])]
    return [*_subproof(old - half, leaves[half:], known=False), root(leaves[:half])]


def is_consistent(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Does a proof show it? By RFC 9162, 2.1.4.2."""
    if old > new or old < 0:
        return False
    if old in (0, new):
        return not proof and (old == 0 or old_root == new_root)
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    one, two = old - 1, new - 1
    while one & 1:
        one, two = one >> 1, two >> 1
    first = second = path[0]
    for step in path[1:]:
        if two == 0:
            return False
        if one & 1 or one == two:
            first, second = _node(step, first), _node(step, second)
            while one and not one & 1:
                one, two = one >> 1, two >> 1
        else:
            second = _node(second, step)
        one, two = one >> 1, two >> 1
    return two == 0 and (first, second) == (old_root, new_root)
