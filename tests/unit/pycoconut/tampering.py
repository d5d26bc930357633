# SPDX-License-Identifier: Apache-2.0
"""The ways to tamper with logs.

A mutation makes other files of a scene. Whatever can be made good again without a key that
is gone is made good again.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace

from blake3 import blake3

from pycoconut.abi import Class, Decision, Event
from pycoconut.audit import Record, Seal
from pycoconut.keys import SecretKey
from tests.unit.pycoconut.chain_writer import Chain, reseal, tree
from tests.unit.pycoconut.scene import (
    SEAL,
    Scene,
    headed,
    in_shards,
    parts,
    sharded,
)

__all__ = ["MUTATIONS", "Mutation"]

Mutation = Callable[[random.Random, Scene], list[bytes]]


# ---- bytes ----


def _at_bytes(
    rng: random.Random, scene: Scene, change: Callable[[bytes, int], bytes]
) -> list[bytes]:
    files = scene.files
    which = rng.randrange(len(files))
    files[which] = change(files[which], rng.randrange(len(files[which])))
    return files


def flip_bit(rng: random.Random, scene: Scene) -> list[bytes]:
    def change(data: bytes, at: int) -> bytes:
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]

    return _at_bytes(rng, scene, change)


def change_byte(rng: random.Random, scene: Scene) -> list[bytes]:
    def change(data: bytes, at: int) -> bytes:
        other = rng.choice([b for b in b'0123456789abcdef"\\,:{}\n -x' if b != data[at]])
        return data[:at] + bytes([other]) + data[at + 1 :]

    return _at_bytes(rng, scene, change)


def cut_bytes(rng: random.Random, scene: Scene) -> list[bytes]:
    return _at_bytes(rng, scene, lambda data, at: data[:at] + data[at + rng.randrange(1, 900) :])


def insert_bytes(rng: random.Random, scene: Scene) -> list[bytes]:
    more = rng.choice([b"0", b" ", b"\n", b"-", b"\\", b"\r", b"\x00", rng.randbytes(3)])
    return _at_bytes(rng, scene, lambda data, at: data[:at] + more + data[at:])


def trailing_bytes(rng: random.Random, scene: Scene) -> list[bytes]:
    files = scene.files
    more = [b"\n", b" ", b"\x00", b"{}", b"{}\n", b'{"seq":1', rng.randbytes(9)]
    files[-1] += rng.choice([*more, rng.choice(scene.lines[-1])])
    return files


def overlong_line(rng: random.Random, scene: Scene) -> list[bytes]:
    more = rng.choice([b" ", b"0", b"a"]) * rng.choice([2047, 2048, 2049, 9000])
    end = rng.choice([b"", b"\n"])
    return _at_bytes(rng, scene, lambda data, at: data[:at] + more + end + data[at:])


# ---- lines ----


def _at_lines(
    rng: random.Random, scene: Scene, change: Callable[[list[bytes], int], list[bytes]]
) -> list[bytes]:
    boot = rng.randrange(len(scene.lines))
    lines = list(scene.lines[boot])
    return scene.with_lines(change(lines, rng.randrange(len(lines))), boot).files


def cut_head(rng: random.Random, scene: Scene) -> list[bytes]:
    boot = rng.randrange(len(scene.lines))
    lines = list(scene.lines[boot])
    return scene.with_lines(lines[rng.randrange(1, len(lines)) :], boot).files


def cut_middle(rng: random.Random, scene: Scene) -> list[bytes]:
    def change(lines: list[bytes], at: int) -> list[bytes]:
        # Of a boot something stays: one that is gone as a whole only a checkpoint finds.
        at = max(1, at)
        return lines[:at] + lines[at + 1 + rng.randrange(len(lines)) :]

    return _at_lines(rng, scene, change)


def cut_end(rng: random.Random, scene: Scene) -> list[bytes]:
    """A boot that is gone as a whole is found by a checkpoint, and by nothing else."""
    return _at_lines(rng, scene, lambda lines, at: lines[: max(1, at)])


def drop_line(rng: random.Random, scene: Scene) -> list[bytes]:
    return _at_lines(rng, scene, lambda lines, at: lines[:at] + lines[at + 1 :])


def reorder(rng: random.Random, scene: Scene) -> list[bytes]:
    def change(lines: list[bytes], at: int) -> list[bytes]:
        other = rng.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
        return lines

    return _at_lines(rng, scene, change)


def duplicate(rng: random.Random, scene: Scene) -> list[bytes]:
    def change(lines: list[bytes], at: int) -> list[bytes]:
        lines.insert(rng.randrange(len(lines) + 1), lines[at])
        return lines

    return _at_lines(rng, scene, change)


def change_record(rng: random.Random, scene: Scene) -> list[bytes]:
    def change(lines: list[bytes], at: int) -> list[bytes]:
        at = rng.choice([i for i, line in enumerate(lines) if line.startswith(b'{"seq":')])
        lines[at] = forge(rng, Record.parse(lines[at])).line()
        return lines

    return _at_lines(rng, scene, change)


def forge(rng: random.Random, record: Record) -> Record:
    """Another record in its place; the form is right."""
    return rng.choice(
        [
            replace(record, aid=record.aid + 1),
            replace(record, decision=Decision((record.decision + 1) % 3)),
            replace(record, event=Event((record.event + 1) % 17)),
            replace(record, kind=Class((record.kind + 1) % 12)),
            replace(record, object=record.object[:-1] if record.object else b"x"),
            replace(record, object=rng.randbytes(rng.randrange(257))),
            replace(record, result=record.result - 1),
            replace(record, tid=record.tid ^ 1),
            replace(record, cpu=rng.randrange(2, 2**32)),
            replace(record, real=record.real + 1),
            replace(record, boot=bytes(16)),
            replace(record, mac=bytes(32)),
            replace(record, seq=rng.choice([0, record.seq + 1, 2**63, 2**64 - 1])),
        ]
    )


def change_seal(rng: random.Random, scene: Scene) -> list[bytes]:
    def change(lines: list[bytes], at: int) -> list[bytes]:
        at = rng.choice([i for i, line in enumerate(lines) if line.startswith(SEAL)])
        seal = Seal.parse(lines[at])
        field = rng.choice(["epoch", "first", "last", "count"])
        digest = rng.choice(["root", "head", "next", "signature"])
        value = rng.choice([getattr(seal, field) + 1, 0, 2**63, 2**64 - 1, 2**64])
        other = rng.choice(
            [
                replace(seal, **{digest: rng.randbytes(64 if digest == "signature" else 32)}),
                replace(seal, next=bytes(32)),
                replace(seal, **{field: value}),
            ]
        )
        lines[at] = other.line()
        return lines

    return _at_lines(rng, scene, change)


def drop_epoch(rng: random.Random, scene: Scene) -> list[bytes]:
    boot = rng.randrange(len(scene.lines))
    lines = list(scene.lines[boot])
    ends = [i for i, line in enumerate(lines) if line.startswith(SEAL)]
    which = rng.randrange(len(ends) - 1)
    return scene.with_lines(lines[: ends[which] + 1] + lines[ends[which + 1] + 1 :], boot).files


def drop_seal(rng: random.Random, scene: Scene) -> list[bytes]:
    def change(lines: list[bytes], at: int) -> list[bytes]:
        del lines[rng.choice([i for i, line in enumerate(lines) if line.startswith(SEAL)])]
        return lines

    return _at_lines(rng, scene, change)


# ---- forms: the same JSON, another text ----


def _at_text(rng: random.Random, scene: Scene, change: Callable[[bytes], bytes]) -> list[bytes]:
    def other(lines: list[bytes], at: int) -> list[bytes]:
        lines[at] = change(lines[at])
        return lines

    return _at_lines(rng, scene, other)


def reencode(rng: random.Random, scene: Scene) -> list[bytes]:
    """Equal JSON: spaces, other order, other escapes."""

    def change(line: bytes) -> bytes:
        value = json.loads(line)
        keys = list(value)
        rng.shuffle(keys)
        text = rng.choice(
            [
                json.dumps(value),
                json.dumps({key: value[key] for key in keys}, separators=(",", ":")),
                json.dumps(value, separators=(",", ":")) + " ",
                line.decode().rstrip("\n") + "\r",
                json.dumps(value, separators=(",", ":")).replace('"seq"', '"\\u0073eq"'),
            ]
        )
        return text.encode() + b"\n"

    return _at_text(rng, scene, change)


def duplicate_key(rng: random.Random, scene: Scene) -> list[bytes]:
    def change(line: bytes) -> bytes:
        value = json.loads(line)
        key = rng.choice(list(value))
        member = f"{json.dumps(key)}:{json.dumps(rng.choice([value[key], 0, '']))}"
        first = "{" + member + "," + line.decode()[1:]
        return rng.choice([first, line.decode()[:-2] + "," + member + "}\n"]).encode()

    return _at_text(rng, scene, change)


def number_form(rng: random.Random, scene: Scene) -> list[bytes]:
    def change(line: bytes) -> bytes:
        found = rng.choice(list(re.finditer(rb'(?<=":)[0-9]+', line)))
        number = found[0]
        before = [b"0" + number, b"+" + number, b"-" + number, b"0x" + number, b" " + number]
        after = [number + more for more in (b".0", b"e0", b" ", b"0" * 20)]
        other = rng.choice([*before, *after, b"", b'"' + number + b'"'])
        return line[: found.start()] + other + line[found.end() :]

    return _at_text(rng, scene, change)


def escape_form(rng: random.Random, scene: Scene) -> list[bytes]:
    """Another spelling of an object's bytes."""

    def change(lines: list[bytes], at: int) -> list[bytes]:
        at = rng.choice([i for i, line in enumerate(lines) if line.startswith(b'{"seq":')])
        mark = b'"object":"'
        place = lines[at].index(mark) + len(mark)
        escapes = [b"\\u0041", b"\\u00FF", b"\\/", b"\\n", b"\\u01ff", b"\\"]
        more = rng.choice([*escapes, b"\xc3\xa9", b"\x7f", b"\t"])
        lines[at] = lines[at][:place] + more + lines[at][place:]
        return lines

    return _at_lines(rng, scene, change)


# ---- boots ----


def splice_boots(rng: random.Random, scene: Scene) -> list[bytes]:
    """The rest of another boot in the place of the rest of this one."""
    other = Chain.whole(rng.randrange(1000, 1040)).lines
    return _at_lines(rng, scene, lambda lines, at: lines[: at + 1] + other[at + 1 :])


def boot_twice(rng: random.Random, scene: Scene) -> list[bytes]:
    """A boot that is there already, or the boots in another order."""
    files = scene.files
    if len(scene.lines) > 1 and rng.random() < 0.5:
        return replace(scene, lines=scene.lines[::-1], chains=scene.chains[::-1], shards=0).files
    return files + files[rng.randrange(len(files)) :]


def reseal_with_other_key(rng: random.Random, scene: Scene) -> list[bytes]:
    """Hashes and signatures made good again, by a key that the boot does not name."""
    lines = list(scene.lines[0])
    at = rng.choice([i for i, line in enumerate(lines) if line.startswith(b'{"seq":')])
    record = Record.parse(lines[at])
    lines[at] = replace(record, capability=record.capability ^ 1).line()
    forged = reseal(scene.chains[0], lines, b"").splitlines(keepends=True)
    return scene.with_lines(forged, 0).files


def reseal_with_current_key(rng: random.Random, scene: Scene) -> list[bytes]:
    """Who took the machine over has the key of the present epoch, and none before."""
    chain = Chain(random.Random(rng.randrange(2**32)))
    for _ in range(3):
        chain.fill(3)
        chain.seal()
    lines = list(chain.lines)
    first, last = rng.choice([(0, 0), (0, 1), (1, 1), (1, 2)])
    ends = [i for i, line in enumerate(lines) if line.startswith(SEAL)]
    head = Seal.parse(lines[ends[first - 1]]).head if first else bytes(32)
    start = ends[first - 1] + 1 if first else 0
    at = rng.randrange(start, ends[first])
    record = Record.parse(lines[at])
    lines[at] = replace(record, rights=record.rights ^ 1).line()
    for number in range(first, last + 1):
        start = ends[number - 1] + 1 if number else 0
        leaves = [Record.parse(line).encode() for line in lines[start : ends[number]]]
        for leaf in leaves:
            head = blake3(head + leaf).digest()
        seal = replace(Seal.parse(lines[ends[number]]), root=tree(leaves), head=head)
        lines[ends[number]] = seal.sign(chain.key).line()
    forged = [b"".join(lines)]
    return headed(chain, forged) if scene.shards else forged


def unsealed_substitute(rng: random.Random, scene: Scene) -> list[bytes]:
    """The end taken off, and records put there that no seal is over."""
    lines = list(scene.lines[-1])
    ends = [i + 1 for i, line in enumerate(lines) if line.startswith(SEAL)]
    keep = lines[: rng.choice(ends[:-1])]
    seq = sum(line.startswith(b'{"seq":') for line in keep) + 1
    template = Record.parse(lines[0])
    for number in range(rng.randrange(1, 4)):
        made = replace(template, seq=seq + number, event=Event.ACCESS, object=b"/etc/passwd")
        keep.append(made.line())
    return scene.with_lines(keep).files


def wrong_key(rng: random.Random, scene: Scene) -> list[bytes]:
    """Another writer's whole log, under its own keys."""
    del scene
    other = Chain.whole(rng.randrange(2000, 2040))
    lines = other.lines
    return in_shards(other, lines, 2) if rng.random() < 0.5 else [b"".join(lines)]


def forged_signature(rng: random.Random, scene: Scene) -> list[bytes]:
    """A true seal, signed by somebody else."""

    def change(lines: list[bytes], at: int) -> list[bytes]:
        at = rng.choice([i for i, line in enumerate(lines) if line.startswith(SEAL)])
        lines[at] = Seal.parse(lines[at]).sign(SecretKey(rng.randbytes(32))).line()
        return lines

    return _at_lines(rng, scene, change)


# ---- shards ----


def drop_first_shard(rng: random.Random, scene: Scene) -> list[bytes]:
    boots = sharded(scene)
    which = rng.randrange(len(boots))
    del boots[which][: rng.randrange(1, len(boots[which]))]
    return [data for files in boots for data in files]


def drop_last_shard(rng: random.Random, scene: Scene) -> list[bytes]:
    boots = sharded(scene)
    del boots[-1][-rng.randrange(1, len(boots[-1])) :]
    return [data for files in boots for data in files]


def drop_middle_shard(rng: random.Random, scene: Scene) -> list[bytes]:
    boots = sharded(replace(scene, shards=3))
    del boots[rng.randrange(len(boots))][1]
    return [data for files in boots for data in files]


def reorder_shards(rng: random.Random, scene: Scene) -> list[bytes]:
    files = [data for boot in sharded(scene) for data in boot]
    one, two = rng.sample(range(len(files)), 2)
    files[one], files[two] = files[two], files[one]
    return files


def swap_between_shards(rng: random.Random, scene: Scene) -> list[bytes]:
    """Lines change places between two shards; the headers are made good again."""
    chain, lines = scene.chains[0], list(scene.lines[0])
    bodies = parts(lines, 3)
    one, two = rng.sample(range(len(bodies)), 2)
    at, to = rng.randrange(len(bodies[one])), rng.randrange(len(bodies[two]))
    bodies[one][at], bodies[two][to] = bodies[two][to], bodies[one][at]
    return headed(chain, [b"".join(body) for body in bodies])


def change_header(rng: random.Random, scene: Scene) -> list[bytes]:
    files = [data for boot in sharded(scene) for data in boot]
    which = rng.randrange(len(files))
    header, _, body = files[which].partition(b"\n")
    value = json.loads(header)
    change = rng.choice(["shard", "boot", "at", "after", "prev", "form", "none"])
    if change in ("shard", "at"):
        value[change] = rng.choice([value[change] + 1, 2**63, 7])
    elif change in ("boot", "after"):
        value[change] = rng.randbytes(16).hex()
    elif change == "prev":
        value[change] = rng.randbytes(32).hex()
    elif change == "none":
        files[which] = body
        return files if which else [header[:20] + b"\n" + body, *files[1:]]
    text = json.dumps(value, separators=None if change == "form" else (",", ":"))
    files[which] = text.encode() + b"\n" + body
    return files


def change_pruned(rng: random.Random, scene: Scene) -> list[bytes]:
    """A seal without its records is changed, left out, moved, or claimed to be one."""
    bodies = [b"".join(part) for part in parts(list(scene.lines[0]), 6)]
    files = headed(scene.chains[0], bodies, pruned=True)
    which = rng.randrange(1, len(files) - 1)
    header, _, body = files[which].partition(b"\n")
    lines = body.splitlines(keepends=True)
    change = rng.randrange(4)
    if change == 0:
        at = rng.randrange(len(body))
        body = body[:at] + bytes([body[at] ^ 1 << rng.randrange(8)]) + body[at + 1 :]
    elif change == 1:
        body = b"".join(lines[:-1])
    elif change == 2:
        body = b"".join([*lines, rng.choice(lines)])
    else:
        header = header.replace(b'"pruned":"', b'"pruned":"0')[:-3] + b'"}'
    files[which] = header + b"\n" + body
    return files


def old_disk(rng: random.Random, scene: Scene) -> list[bytes]:
    """All as it was at some seal before the last."""
    lines = list(scene.lines[-1])
    ends = [i + 1 for i, line in enumerate(lines) if line.startswith(SEAL)]
    return scene.with_lines(lines[: rng.choice(ends[:-1])]).files


MUTATIONS: tuple[Mutation, ...] = (
    flip_bit,
    change_byte,
    cut_bytes,
    insert_bytes,
    trailing_bytes,
    overlong_line,
    cut_head,
    cut_middle,
    cut_end,
    drop_line,
    reorder,
    duplicate,
    change_record,
    change_seal,
    drop_epoch,
    drop_seal,
    reencode,
    duplicate_key,
    number_form,
    escape_form,
    splice_boots,
    boot_twice,
    reseal_with_other_key,
    reseal_with_current_key,
    unsealed_substitute,
    wrong_key,
    forged_signature,
    drop_first_shard,
    drop_last_shard,
    drop_middle_shard,
    reorder_shards,
    swap_between_shards,
    change_header,
    change_pruned,
    old_disk,
)
