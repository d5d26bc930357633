# SPDX-License-Identifier: Apache-2.0
"""Logs as files, with what their auditor knows."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import pairwise

from blake3 import blake3

from pycoconut.abi import Event
from pycoconut.keys import SecretKey
from pycoconut.shard import NO_BOOT, NO_DIGEST, ShardHeader
from tests.unit.pycoconut.chain_writer import Chain

__all__ = [
    "NOTHING",
    "SEAL",
    "Scene",
    "after_all",
    "headed",
    "in_shards",
    "parts",
    "scenes",
    "sharded",
]

SEAL = b'{"seal":'


@dataclass(frozen=True)
class Scene:
    """One log.

    Attributes:
        chains: Its boots.
        shards: In how many files each boot is; 0: all in one without a header.
        lines: Lines of each boot.
        keys: Of epoch 0, or of the TPM's root, that the auditor knows.
    """

    chains: tuple[Chain, ...]
    shards: int
    lines: tuple[tuple[bytes, ...], ...]
    keys: tuple[bytes, ...]

    @property
    def files(self) -> list[bytes]:
        """Contents of its files, in order."""
        if self.shards == 0:
            return [b"".join(line for lines in self.lines for line in lines)]
        return [data for boot in sharded(self) for data in boot]

    def with_lines(self, lines: list[bytes], boot: int = -1) -> Scene:
        """One boot has other lines."""
        every = list(self.lines)
        every[boot] = tuple(lines)
        return replace(self, lines=tuple(every))


def parts(lines: list[bytes], count: int) -> list[list[bytes]]:
    """Cut behind seals, as coconutd does; as even as that allows."""
    ends = [i + 1 for i, line in enumerate(lines) if line.startswith(SEAL)]
    size = -(-len(ends) // count) if ends else 1
    cuts = [0, *(ends[i] for i in range(size - 1, len(ends) - 1, size)), len(lines)]
    return [lines[a:b] for a, b in pairwise(cuts)]


#: Boot and digest of the shard before the first.
NOTHING = (NO_BOOT, NO_DIGEST)


def headed(
    chain: Chain,
    bodies: list[bytes],
    after: tuple[str, str] = NOTHING,
    pruned: bool = False,
    recovered: bool = False,
) -> list[bytes]:
    """Shards whose headers follow from each other.

    `pruned`: those between have only seals. `recovered`: the last outlived a reset in memory.
    """
    made, at = [], 0
    for number, body in enumerate(bodies):
        last = number == len(bodies) - 1
        header = ShardHeader(number, chain.boot.hex(), at, *after, recovered=recovered and last)
        data = header.line() + body
        at += len(body)
        after = (chain.boot.hex(), blake3(data).hexdigest())
        if pruned and 0 < number < len(bodies) - 1:
            seals = [line for line in body.splitlines(keepends=True) if line.startswith(SEAL)]
            data = replace(header, pruned=after[1]).line() + b"".join(seals)
        made.append(data)
    return made


def in_shards(
    chain: Chain, lines: list[bytes], count: int, after: tuple[str, str] = NOTHING
) -> list[bytes]:
    bodies = [b"".join(part) for part in parts(lines, count)]
    return headed(chain, bodies, after, recovered=count == 2)


def after_all(chain: Chain, files: list[bytes]) -> tuple[str, str]:
    """What the first shard of the next boot names."""
    return (chain.boot.hex(), blake3(files[-1]).hexdigest()) if files else NOTHING


def _linked(before: Chain, seed: int) -> Chain:
    # It counted once more when the boot before was closed.
    chain = Chain(random.Random(seed), root=before.root, counter=before.counter + 2)
    text = f"{before.boot.hex()}:{before.seq - 1}:{before.head.hex()}"
    chain.append(Event.LINK, object=text.encode())
    for _ in range(2):
        chain.fill(2)
        chain.seal()
    chain.shut_down()
    return chain


def sharded(scene: Scene) -> list[list[bytes]]:
    """The files of each boot, which is in shards."""
    made: list[list[bytes]] = []
    after = NOTHING
    for chain, lines in zip(scene.chains, scene.lines, strict=True):
        made.append(in_shards(chain, list(lines), scene.shards or 3, after))
        after = after_all(chain, made[-1])
    return made


def scenes() -> list[Scene]:
    """One boot and two, in one file and in shards."""
    made = []
    for seed in range(12):
        root = SecretKey(random.Random(seed).randbytes(32)) if seed % 2 else None
        one = Chain.whole(seed, epochs=2 + seed % 4, records=2 + seed % 3, root=root, counter=seed)
        chains = (one,) if seed % 3 else (one, _linked(one, 100 + seed))
        lines = tuple(tuple(chain.lines) for chain in chains)
        keys = (root.public.raw,) if root else tuple(chain.public for chain in chains)
        made.append(Scene(chains, (0, 3, 2, 0)[seed % 4], lines, keys))
    return made
