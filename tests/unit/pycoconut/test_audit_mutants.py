# SPDX-License-Identifier: Apache-2.0
"""The verifier: no mutant of a log passes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut.abi import Class, Decision, Event
from pycoconut.audit import (
    Record,
    Seal,
    Verdict,
)
from pycoconut.audit.record import LINE
from tests.unit.pycoconut.chain_writer import Chain, check, reseal

Mutate = Callable[[random.Random, list[bytes]], list[bytes]]


def flip_bit(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    log = bytearray(b"".join(lines))
    at = rng.randrange(len(log))
    log[at] ^= 1 << rng.randrange(8)
    return [bytes(log)]


def change_byte(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    log = bytearray(b"".join(lines))
    at = rng.randrange(len(log))
    log[at] = rng.choice([b for b in b'0123456789abcdef"\\,:{}\n -x' if b != log[at]])
    return [bytes(log)]


def cut_bytes(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    log = b"".join(lines)
    at = rng.randrange(len(log))
    return [log[:at] + log[at + rng.randrange(1, 400) :]]


def insert_bytes(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    log = b"".join(lines)
    at = rng.randrange(len(log))
    return [log[:at] + rng.choice([b"0", b" ", b"\n", b"-", b"\\", rng.randbytes(3)]) + log[at:]]


def cut_line(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    at = rng.randrange(len(lines))
    return lines[:at] + lines[at + 1 :]


def cut_lines(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    at = rng.randrange(len(lines))
    return lines[:at] + lines[at + rng.randrange(1, 12) :]


def swap_lines(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    one, two = rng.sample(range(len(lines)), 2)
    out = list(lines)
    out[one], out[two] = out[two], out[one]
    return out


def repeat_line(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    at = rng.randrange(len(lines))
    return [*lines[: rng.randrange(len(lines))], lines[at], *lines[rng.randrange(len(lines)) :]]


def append_line(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    return [*lines, rng.choice(lines)]


def change_record(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    index = rng.choice([i for i, line in enumerate(lines) if line.startswith(b'{"seq":')])
    record = Record.parse(lines[index])
    forged = rng.choice(
        [
            replace(record, aid=record.aid + 1),
            replace(record, decision=Decision((record.decision + 1) % 3)),
            replace(record, event=Event((record.event + 1) % 17)),
            replace(record, kind=Class((record.kind + 1) % 12)),
            replace(record, object=record.object[:-1] if record.object else b"x"),
            replace(record, result=record.result - 1),
            replace(record, tid=record.tid ^ 1),
            replace(record, real=record.real + 1),
            replace(record, boot=bytes(16)),
            replace(record, mac=bytes(32)),
        ]
    )
    return [*lines[:index], forged.line(), *lines[index + 1 :]]


def change_seal(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    index = rng.choice([i for i, line in enumerate(lines) if line.startswith(b'{"seal":')])
    seal = Seal.parse(lines[index])
    forged = rng.choice(
        [
            replace(seal, epoch=seal.epoch + 1),
            replace(seal, first=seal.first + 1),
            replace(seal, last=seal.last + 1),
            replace(seal, count=seal.count + 1),
            replace(seal, root=bytes(31) + b"\x01"),
            replace(seal, head=bytes(32)),
            replace(seal, next=bytes(31) + b"\x01"),
            replace(seal, signature=bytes(64)),
        ]
    )
    return [*lines[:index], forged.line(), *lines[index + 1 :]]


def splice(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    """Part of another boot in the place of a part of this one."""
    other = Chain.whole(rng.randrange(1000, 2000)).lines
    at = rng.randrange(1, len(lines))
    return lines[:at] + other[at:]


def drop_epoch(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    ends = [i for i, line in enumerate(lines) if line.startswith(b'{"seal":')]
    which = rng.randrange(len(ends) - 1)
    return lines[: ends[which] + 1] + lines[ends[which + 1] + 1 :]


def reseal_all(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    boot = Record.parse(lines[0]).boot
    return [reseal(Chain(rng, boot=boot), change_record_only(rng, lines), b"")]


def change_record_only(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    while True:
        out = change_record(rng, lines)
        if all(not line.startswith(b'{"seq":') or LINE.fullmatch(line) for line in out):
            return out


MUTATIONS: list[Mutate] = [
    flip_bit,
    change_byte,
    cut_bytes,
    insert_bytes,
    cut_line,
    cut_lines,
    swap_lines,
    repeat_line,
    append_line,
    change_record,
    change_seal,
    splice,
    drop_epoch,
    reseal_all,
]
EACH = 240


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda m: m.__name__)
def test_no_mutant_passes(mutate: Mutate, tmp_path: Path) -> None:
    rng = random.Random(mutate.__name__)
    chains = [Chain.whole(seed, epochs=3 + seed % 3, records=3) for seed in range(8)]
    tried = 0
    while tried < EACH:
        chain = rng.choice(chains)
        mutant = b"".join(mutate(rng, chain.lines))
        if mutant == chain.log:
            continue
        tried += 1
        report = check(tmp_path, mutant, keys=[chain.public], seed=chain.seed)
        assert report.verdict > Verdict.UNANCHORED, (mutate.__name__, mutant, report.to_json())


def test_no_mutant_is_missed_by_side_by_side(tmp_path: Path) -> None:
    """Without the seed all but the MACs is guarded, in other processes too."""
    rng = random.Random(12)
    chain = Chain.whole(3)
    for _ in range(30):
        mutant = b"".join(change_seal(rng, chain.lines))
        assert check(tmp_path, mutant, keys=[chain.public], jobs=2).verdict > Verdict.UNANCHORED
