# SPDX-License-Identifier: Apache-2.0
"""Mutants of CBOR: of its bytes, and of what it says."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import cbor2

__all__ = ["mutants"]

EXTREMES: tuple[Any, ...] = (
    0,
    1,
    23,
    24,
    255,
    256,
    65535,
    65536,
    2**32,
    2**63,
    2**64 - 1,
    -1,
    -(2**64),
    True,
    None,
    0.5,
    b"",
    b"\0",
    b"/",
    b"/" * 4096,
    b"/proc/self/fd/0",
    b"a" * 300,
    "",
    "..",
    "a/b",
    "x" * 65,
    "x" * 300,
    [],
    {},
    {1: 1},
    [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]],
)
"""Values at the edges of what a member may be, and past them."""

HEADS = bytes.fromhex("181b191a1c1f3b585b7b9b9fbbbfd8dbf7f9fbff")
"""Initial bytes that announce more than there is, or what is not deterministic."""


def _flip(data: bytearray, rnd: random.Random) -> None:
    data[rnd.randrange(len(data))] ^= 1 << rnd.randrange(8)


def _set(data: bytearray, rnd: random.Random) -> None:
    data[rnd.randrange(len(data))] = rnd.choice(HEADS)


def _cut(data: bytearray, rnd: random.Random) -> None:
    del data[rnd.randrange(len(data)) :]


def _drop(data: bytearray, rnd: random.Random) -> None:
    at = rnd.randrange(len(data))
    del data[at : at + rnd.randrange(1, 9)]


def _insert(data: bytearray, rnd: random.Random) -> None:
    at = rnd.randrange(len(data) + 1)
    data[at:at] = rnd.randbytes(rnd.randrange(1, 9))


def _repeat(data: bytearray, rnd: random.Random) -> None:
    start = rnd.randrange(len(data))
    end = min(len(data), start + rnd.randrange(1, 64))
    data[start:start] = data[start:end] * rnd.randrange(1, 4)


BYTES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _set,
    _cut,
    _drop,
    _insert,
    _repeat,
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container and key in a value, at any depth."""
    if isinstance(value, dict):
        keys: Iterator[Any] = iter(list(value))
    elif isinstance(value, list):
        keys = iter(range(len(value)))
    else:
        return
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _change_value(value: Any, rnd: random.Random) -> None:
    """Changes one member, or takes it away, or adds one."""
    container, key = rnd.choice(list(_places(value)))
    what = rnd.randrange(4)
    if what == 0:
        del container[key]
    elif what == 1 and isinstance(container, dict):
        container[rnd.randrange(20)] = copy.deepcopy(rnd.choice(EXTREMES))
    elif what == 2 and isinstance(container, list):
        container.insert(key, copy.deepcopy(container[key]))
    else:
        container[key] = copy.deepcopy(rnd.choice(EXTREMES))


def mutants(original: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yields mutants of one encoded value.

    Args:
        original: Deterministic CBOR of a map or an array.
        count: How many.
        seed: The same seed gives the same mutants.
    """
    rnd = random.Random(seed)
    for _ in range(count):
        value = cbor2.loads(original)
        for _ in range(rnd.choice((0, 1, 1, 2))):
            if value:
                _change_value(value, rnd)
        data = bytearray(cbor2.dumps(value, canonical=True))
        for _ in range(rnd.choice((0, 1, 1, 2, 5))):
            if data:
                rnd.choice(BYTES)(data, rnd)
        yield bytes(data)
