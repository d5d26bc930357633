# SPDX-License-Identifier: Apache-2.0
"""Writes chains as the kernel does, from the format alone: the reference for the verifier's tests.

The writer shares no code with the verifier but Record and Seal, whose forms have tests of
their own; hashing, MACs and the tree are done here once more, another way.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from blake3 import blake3

from pycoconut.abi import Class, Decision, Event
from pycoconut.audit import Record, Report, Seal, verify
from pycoconut.keys import SecretKey

__all__ = ["Chain", "check", "linked", "reseal", "tree"]


def tree(leaves: list[bytes]) -> bytes:
    """RFC 6962's recursive definition, with BLAKE3."""
    if not leaves:
        return bytes(32)
    if len(leaves) == 1:
        return blake3(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return blake3(b"\x01" + tree(leaves[:split]) + tree(leaves[split:])).digest()


@dataclass
class Chain:
    """One boot's chain under way; `lines` is chain.log. With `root` a TPM vouches for it."""

    random: random.Random
    cpus: int = 2
    root: SecretKey | None = None
    counter: int = 0
    boot: bytes = b""
    seed: bytes = b""
    lines: list[bytes] = field(default_factory=list)
    seq: int = 1
    epoch: int = 0
    head: bytes = bytes(32)
    pending: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.boot = self.boot or self.random.randbytes(16)
        self.seed = self.seed or self.random.randbytes(32)
        self.key = SecretKey(self.random.randbytes(32))
        self.public = self.key.public.raw
        self.mac_keys = [
            blake3(
                self.seed + self.boot + cpu.to_bytes(4, "little"),
                derive_key_context="coconut-os 2026 audit cpu key",
            ).digest()
            for cpu in range(self.cpus)
        ]
        self.append(Event.BOOT, object=self.opening(), aid=0)

    def opening(self) -> bytes:
        """What the BOOT record is about."""
        keys = self.public + self.random.randbytes(32)
        if self.root is None:
            return keys
        signed = keys + self.counter.to_bytes(8) + self.root.public.raw
        return signed + self.root.sign(b"coconut-os 2026 boot anchor" + self.boot + signed)

    def append(self, event: Event, **values: object) -> Record:
        cpu = self.random.randrange(self.cpus)
        record = Record(
            boot=self.boot,
            seq=self.seq,
            mono=self.seq * self.random.choice([1, 10**6, 10**9]),
            real=1_700_000_000_000_000_000 + self.seq,
            cpu=cpu,
            aid=self.random.choice([0, 1, 17, 99999, 123456]),
            tid=self.random.choice([0, 1, 300, 70000]),
            event=event,
            kind=self.random.choice(list(Class)),
            decision=self.random.choice(list(Decision)),
            capability=self.random.choice([0, 1, 2**33]),
            rights=self.random.choice([0, 1, 0x1FFFF, 2**63]),
            object=b"",
            result=0,
        )
        record = replace(record, **values)  # type: ignore[arg-type]
        data = record.encode()
        mac = blake3(data, key=self.mac_keys[cpu]).digest()
        self.mac_keys[cpu] = blake3(
            self.mac_keys[cpu], derive_key_context="coconut-os 2026 audit key evolution"
        ).digest()
        record = replace(record, mac=mac)
        self.lines.append(record.line())
        self.pending.append(data)
        self.head = blake3(self.head + data).digest()
        self.seq += 1
        return record

    def fill(self, count: int) -> None:
        for _ in range(count):
            size = self.random.choice([0, 5, 23, 24, 40, 255, 256])
            plain = bytes(self.random.choice(b'/abc."\\ \x00\xff\n') for _ in range(size))
            self.append(
                self.random.choice([Event.ACCESS, Event.EXEC, Event.GRANT, Event.STATE]),
                object=plain,
                result=self.random.choice([0, -1, -13, -122]),
            )

    def seal(self, *, final: bool = False) -> Seal:
        following = SecretKey(self.random.randbytes(32))
        first = self.seq - len(self.pending)
        seal = Seal(
            epoch=self.epoch,
            first=first,
            last=self.seq - 1,
            count=len(self.pending),
            root=tree(self.pending),
            head=self.head,
            next=bytes(32) if final else following.public.raw,
        ).sign(self.key)
        self.lines.append(seal.line())
        self.key = following
        self.epoch += 1
        self.pending = []
        return seal

    def shut_down(self) -> None:
        self.append(Event.SHUTDOWN, object=b"poweroff")
        self.seal(final=True)

    @property
    def log(self) -> bytes:
        return b"".join(self.lines)

    @classmethod
    def whole(cls, seed: int, epochs: int = 4, records: int = 6, **more: Any) -> Chain:
        """A boot from its first record to its last seal, an empty epoch among others."""
        chain = cls(random.Random(seed), **more)
        for epoch in range(epochs):
            chain.fill(0 if epoch == 1 else records)
            chain.seal()
        chain.fill(records)
        chain.shut_down()
        return chain


def linked(before: Chain, seed: int, **more: Any) -> Chain:
    """A boot that names the one before it."""
    chain = Chain(random.Random(seed), **more)
    text = f"{before.boot.hex()}:{before.seq - 1}:{before.head.hex()}"
    chain.append(Event.LINK, object=text.encode())
    chain.shut_down()
    return chain


def reseal(chain: Chain, lines: list[bytes], key: bytes) -> bytes:
    """Roots, heads and counts made good again, signed by another key."""
    forged = Chain(random.Random(9), boot=chain.boot)
    forged.lines, forged.pending, forged.head, forged.seq = [], [], bytes(32), 1
    for line in lines:
        if line.startswith(b'{"seal":'):
            seal = Seal.parse(line)
            forged.seal(final=seal.final)
            continue
        record = replace(Record.parse(line), seq=forged.seq)
        data = record.encode()
        forged.lines.append(record.line())
        forged.pending.append(data)
        forged.head = blake3(forged.head + data).digest()
        forged.seq += 1
    return forged.log


def check(tmp_path: Path, log: bytes, **options: Any) -> Report:
    """What the verifier says of a log."""
    path = tmp_path / "chain.log"
    path.write_bytes(log)
    return verify([path], **{"jobs": 1, **options})
