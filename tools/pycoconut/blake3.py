# SPDX-License-Identifier: Apache-2.0
"""BLAKE3: the compiled package `blake3` where it is there, else one in plain Python.

The image carries the compiled one. The other is some thousand times slower, and
enough to check a short log on a machine that has nothing but Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

__all__ = ["COMPILED", "Hash", "blake3", "blake3_plain"]

WORD = 0xFFFFFFFF
BLOCK, CHUNK = 64, 1024
START, END, PARENT, ROOT, KEYED, CONTEXT, MATERIAL = (1 << bit for bit in range(7))
IV = (
    0x6A09E667,
    0xBB67AE85,
    0x3C6EF372,
    0xA54FF53A,
    0x510E527F,
    0x9B05688C,
    0x1F83D9AB,
    0x5BE0CD19,
)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
#: Which words of the state each of the eight steps of a round mixes.
STEPS = (
    (0, 4, 8, 12),
    (1, 5, 9, 13),
    (2, 6, 10, 14),
    (3, 7, 11, 15),
    (0, 5, 10, 15),
    (1, 6, 11, 12),
    (2, 7, 8, 13),
    (3, 4, 9, 14),
)


class Hash(Protocol):
    """A hash under way."""

    def update(self, data: bytes, /) -> Hash: ...
    def digest(self, length: int = 32) -> bytes: ...
    def hexdigest(self, length: int = 32) -> str: ...


def _mix(v: list[int], step: Sequence[int], x: int, y: int) -> None:
    a, b, c, d = step
    for word, first, second in ((x, 16, 12), (y, 8, 7)):
        v[a] = v[a] + v[b] + word & WORD
        turned = v[d] ^ v[a]
        v[d] = (turned >> first | turned << 32 - first) & WORD
        v[c] = v[c] + v[d] & WORD
        turned = v[b] ^ v[c]
        v[b] = (turned >> second | turned << 32 - second) & WORD


def _words(data: bytes) -> list[int]:
    data = data.ljust(BLOCK, b"\0")
    return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]


def _compress(
    chain: Sequence[int], words: Sequence[int], counter: int, size: int, flags: int
) -> list[int]:
    v = [*chain, *IV[:4], counter & WORD, counter >> 32, size, flags]
    m = list(words)
    for _ in range(7):
        for i, step in enumerate(STEPS):
            _mix(v, step, m[2 * i], m[2 * i + 1])
        m = [m[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)] + [v[i + 8] ^ chain[i] for i in range(8)]


# The last step of a node, put off until it is known whether the node is the root.
_Node = tuple[Sequence[int], Sequence[int], int, int, int]


class _Plain:
    def __init__(self, data: bytes, key: Sequence[int], flags: int) -> None:
        self._data = bytearray(data)
        self._key = key
        self._flags = flags

    def update(self, data: bytes, /) -> _Plain:
        self._data += data
        return self

    def hexdigest(self, length: int = 32) -> str:
        return self.digest(length).hex()

    def digest(self, length: int = 32) -> bytes:
        chain, words, _, size, flags = self._tree()
        out = b""
        while len(out) < length:
            block = _compress(chain, words, len(out) // BLOCK, size, flags | ROOT)
            out += b"".join(word.to_bytes(4, "little") for word in block)
        return out[:length]

    def _chunk(self, index: int) -> _Node:
        data = bytes(self._data[index * CHUNK : (index + 1) * CHUNK])
        blocks = [data[i : i + BLOCK] for i in range(0, len(data), BLOCK)] or [b""]
        chain: Sequence[int] = self._key
        for i, block in enumerate(blocks[:-1]):
            flags = self._flags | (START if i == 0 else 0)
            chain = _compress(chain, _words(block), index, BLOCK, flags)[:8]
        flags = self._flags | END | (START if len(blocks) == 1 else 0)
        return chain, _words(blocks[-1]), index, len(blocks[-1]), flags

    def _tree(self) -> _Node:
        nodes = [self._chunk(i) for i in range(max(1, -(-len(self._data) // CHUNK)))]
        while len(nodes) > 1:
            pairs = [self._parent(*nodes[i : i + 2]) for i in range(0, len(nodes) - 1, 2)]
            nodes = pairs + nodes[len(pairs) * 2 :]
        return nodes[0]

    def _parent(self, left: _Node, right: _Node) -> _Node:
        words = [*_compress(*left)[:8], *_compress(*right)[:8]]
        return self._key, words, 0, BLOCK, self._flags | PARENT


def blake3_plain(
    data: bytes = b"", /, *, key: bytes | None = None, derive_key_context: str | None = None
) -> Hash:
    """BLAKE3 in plain Python; same call as blake3().

    Source: the BLAKE3 paper, sections 2.1 to 2.6.
    """
    if key is not None:
        if len(key) != 32:
            raise ValueError("a key has 32 bytes")
        return _Plain(data, _words(key)[:8], KEYED)
    if derive_key_context is not None:
        context = _Plain(derive_key_context.encode(), IV, CONTEXT).digest()
        return _Plain(data, _words(context)[:8], MATERIAL)
    return _Plain(data, IV, 0)


#: Is the compiled package there?
COMPILED: bool
blake3: Callable[..., Hash]
try:
    from blake3 import blake3 as _compiled

    blake3, COMPILED = _compiled, True
except ImportError:
    blake3, COMPILED = blake3_plain, False
