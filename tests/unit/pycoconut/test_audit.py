# SPDX-License-Identifier: Apache-2.0
"""The verifier: no mutant of a log passes, no whole log is suspected."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from pycoconut.abi import Class, Decision, Event
from pycoconut.audit import (
    EXIT_CODES,
    Filter,
    LogError,
    Proof,
    ProofError,
    Record,
    RecordError,
    Report,
    Seal,
    Verdict,
    check_proof,
    merkle,
    prove,
    records,
    verify,
)
from pycoconut.audit.log import shard_header
from pycoconut.audit.record import LINE, event_bytes
from tests.unit.pycoconut.chain_writer import Chain, tree


def check(tmp_path: Path, log: bytes, **options: object) -> Report:
    path = tmp_path / "chain.log"
    path.write_bytes(log)
    return verify([path], **{"jobs": 1, **options})  # type: ignore[arg-type]


# ---- whole logs ----


@pytest.mark.parametrize("seed", range(40))
def test_whole_log_is_intact(seed: int, tmp_path: Path) -> None:
    chain = Chain.whole(seed, epochs=seed % 7, records=seed % 5)
    report = check(tmp_path, chain.log, keys=[chain.public], seed=chain.seed)
    assert report.verdict is Verdict.INTACT, report.to_json()
    (boot,) = report.boots
    assert (boot.records, boot.last_seq, boot.head) == (
        chain.seq - 1,
        chain.seq - 1,
        chain.head.hex(),
    )
    assert boot.anchored
    assert boot.macs
    assert boot.final


def test_without_a_key_it_is_unanchored(tmp_path: Path) -> None:
    report = check(tmp_path, Chain.whole(1).log)
    assert report.verdict is Verdict.UNANCHORED
    assert report.exit_code == 10


def test_processes_agree(tmp_path: Path) -> None:
    chain = Chain(random.Random(5))
    for _ in range(40):
        chain.fill(300)
        chain.seal()
    chain.shut_down()
    assert check(tmp_path, chain.log, keys=[chain.public], jobs=2).verdict is Verdict.INTACT
    lines = list(chain.lines)
    lines[5000], lines[5001] = lines[5001], lines[5000]
    one = check(tmp_path, b"".join(lines), jobs=1)
    two = check(tmp_path, b"".join(lines), jobs=2)
    assert one == two
    assert one.verdict is Verdict.TAMPERED


def test_live_log_may_lack_its_end(tmp_path: Path) -> None:
    chain = Chain(random.Random(2))
    chain.fill(9)
    chain.seal()
    chain.fill(3)
    options = {"keys": [chain.public], "seed": chain.seed}
    live = check(tmp_path, chain.log, live=True, **options)
    assert live.verdict is Verdict.INTACT
    assert live.boots[0].unsealed == 3
    assert check(tmp_path, chain.log, **options).verdict is Verdict.TRUNCATED
    chain.seal()
    assert check(tmp_path, chain.log, live=True, **options).verdict is Verdict.INTACT
    assert check(tmp_path, chain.log, **options).verdict is Verdict.TRUNCATED


def test_seed_also_guards_records_under_no_seal(tmp_path: Path) -> None:
    chain = Chain(random.Random(2))
    chain.fill(9)
    forged = replace(Record.parse(chain.lines[4]), result=-1, capability=77)
    log = b"".join([*chain.lines[:4], forged.line(), *chain.lines[5:]])
    report = check(tmp_path, log, live=True, seed=chain.seed)
    assert (report.verdict, report.boots[0].bad_seq) == (Verdict.TAMPERED, 5)


# ---- what is missing ----


def test_lost_records_make_it_incomplete(tmp_path: Path) -> None:
    chain = Chain(random.Random(3))
    chain.append(Event.LOST, object=b"41", result=-105)
    chain.shut_down()
    report = check(tmp_path, chain.log, keys=[chain.public])
    assert (report.verdict, report.boots[0].lost) == (Verdict.INCOMPLETE, 41)
    assert report.exit_code == 13


def test_log_that_starts_late_is_incomplete(tmp_path: Path) -> None:
    chain = Chain.whole(4)
    start = next(i for i, line in enumerate(chain.lines) if line.startswith(b'{"seal":1,')) + 1
    report = check(tmp_path, b"".join(chain.lines[start:]))
    assert report.verdict is Verdict.INCOMPLETE
    key = Seal.parse(chain.lines[start - 1]).next
    assert check(tmp_path, b"".join(chain.lines[start:]), keys=[key]).boots[0].anchored
    wrong = check(tmp_path, b"".join(chain.lines[start:]), keys=[chain.public])
    assert wrong.verdict is Verdict.TAMPERED


def test_every_cut_at_the_end_is_seen(tmp_path: Path) -> None:
    chain = Chain.whole(6, epochs=2, records=2)
    for size in range(len(chain.log)):
        report = check(tmp_path, chain.log[:size], keys=[chain.public])
        assert report.verdict is Verdict.TRUNCATED, (size, report.to_json())


# ---- forgeries ----


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


def test_resealed_log_is_tampered(tmp_path: Path) -> None:
    chain = Chain.whole(7)
    lines = [*chain.lines[:3], *chain.lines[4:]]
    report = check(tmp_path, reseal(chain, lines, b""), keys=[chain.public])
    assert report.verdict is Verdict.TAMPERED
    assert report.boots[0].epoch == 0


def test_another_writers_log_is_only_seen_with_the_key(tmp_path: Path) -> None:
    chain, other = Chain.whole(8), Chain.whole(80)
    assert check(tmp_path, other.log).verdict is Verdict.UNANCHORED
    report = check(tmp_path, other.log, keys=[chain.public])
    assert report.verdict is Verdict.TAMPERED
    assert "not the one that was given" in report.boots[0].reasons[0]


def test_wrong_seed_is_tampered_at_the_first_record(tmp_path: Path) -> None:
    chain = Chain.whole(8)
    report = check(tmp_path, chain.log, seed=bytes(32))
    assert (report.verdict, report.boots[0].bad_seq) == (Verdict.TAMPERED, 1)


def test_with_the_seed_the_changed_record_is_named(tmp_path: Path) -> None:
    chain = Chain.whole(11, records=20)
    for index, line in enumerate(chain.lines):
        if line.startswith(b'{"seal":'):
            continue
        record = Record.parse(line)
        forged = replace(record, capability=record.capability + 1).line()
        log = b"".join([*chain.lines[:index], forged, *chain.lines[index + 1 :]])
        report = check(tmp_path, log, seed=chain.seed)
        assert (report.verdict, report.boots[0].bad_seq) == (Verdict.TAMPERED, record.seq)
        closer = check(tmp_path, log).boots[0]
        assert closer.bad_seq is not None
        assert closer.bad_last is not None
        assert closer.bad_seq <= record.seq <= closer.bad_last


# ---- mutants ----

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


# ---- boots and shards ----


def linked(before: Chain, seed: int) -> Chain:
    chain = Chain(random.Random(seed))
    text = f"{before.boot.hex()}:{before.seq - 1}:{before.head.hex()}"
    chain.append(Event.LINK, object=text.encode())
    chain.shut_down()
    return chain


def test_boots_follow_each_other(tmp_path: Path) -> None:
    one = Chain.whole(20)
    two = linked(one, 21)
    keys = [one.public, two.public]
    report = check(tmp_path, one.log + two.log, keys=keys)
    assert [boot.verdict for boot in report.boots] == [Verdict.INTACT, Verdict.INTACT]
    cut = check(tmp_path, b"".join(one.lines[:-2]) + two.log, keys=keys)
    assert [boot.verdict for boot in cut.boots] == [Verdict.TRUNCATED, Verdict.INTACT]
    tail = check(tmp_path, b"".join(one.lines[:-1]) + two.log, keys=keys)
    assert [boot.verdict for boot in tail.boots] == [Verdict.TRUNCATED, Verdict.INTACT]


def test_link_to_another_head_is_seen(tmp_path: Path) -> None:
    one = Chain.whole(20)
    one.head = bytes(32)
    two = linked(one, 21)
    assert check(tmp_path, one.log + two.log).boots[0].verdict is Verdict.TAMPERED


def shards(folder: Path, chain: Chain, parts: int) -> list[Path]:
    folder.mkdir()
    paths, prev = [], bytes(32)
    size = -(-len(chain.lines) // parts)
    for number in range(parts):
        body = b"".join(chain.lines[number * size : (number + 1) * size])
        data = shard_header(number, chain.boot, prev) + body
        prev = blake3(data).digest()
        paths.append(folder / f"{number:06}.log")
        paths[-1].write_bytes(data)
    return paths


def test_shards_are_one_log(tmp_path: Path) -> None:
    chain = Chain.whole(30)
    shards(tmp_path / "a", chain, 3)
    assert verify([tmp_path / "a"], keys=[chain.public]).verdict is Verdict.INTACT


def test_missing_or_changed_shard_is_seen(tmp_path: Path) -> None:
    chain = Chain.whole(30)
    paths = shards(tmp_path / "a", chain, 4)
    assert verify([paths[0], paths[2]]).verdict is Verdict.TAMPERED
    paths[0].write_bytes(
        paths[0].read_bytes().replace(b'"decision":"allowed"', b'"decision":"none"', 1)
    )
    assert verify(paths).verdict is Verdict.TAMPERED
    (tmp_path / "empty").mkdir()
    with pytest.raises(LogError, match="no logs in it"):
        verify([tmp_path / "empty"])


def test_compressed_shards(tmp_path: Path) -> None:
    chain = Chain.whole(31)
    for path in shards(tmp_path / "a", chain, 2):
        subprocess.run(["zstd", "-q", "--rm", str(path)], check=True, timeout=60)
    assert verify([tmp_path / "a"], keys=[chain.public]).verdict is Verdict.INTACT


# ---- records ----

RECORDS = st.builds(
    Record,
    boot=st.binary(min_size=16, max_size=16),
    seq=st.integers(1, 2**64 - 1),
    mono=st.integers(0, 2**64 - 1),
    real=st.integers(-(2**63), 2**63 - 1),
    cpu=st.integers(0, 2**32 - 1),
    aid=st.integers(0, 2**64 - 1),
    tid=st.integers(0, 2**31),
    event=st.sampled_from(Event),
    kind=st.sampled_from(Class),
    decision=st.sampled_from(Decision),
    capability=st.integers(0, 2**64 - 1),
    object=st.binary(max_size=256),
    result=st.integers(-(2**31), 2**31 - 1),
    mac=st.binary(min_size=32, max_size=32),
)


@given(RECORDS)
def test_record_and_line_and_bytes_say_the_same(record: Record) -> None:
    line = record.line()
    assert Record.parse(line) == record
    match = LINE.fullmatch(line)
    assert match is not None
    assert event_bytes(match) == record.encode()
    assert Record.decode(record.encode()) == replace(record, mac=b"")


@given(RECORDS, st.data())
def test_a_line_has_one_form(record: Record, data: st.DataObject) -> None:
    line = bytearray(record.line())
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] = data.draw(st.integers(0, 255))
    try:
        other = Record.parse(bytes(line))
    except RecordError:
        return
    assert other.line() == line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"cpu":0', b'"cpu":00'),
        (b'"cpu":0', b'"cpu":-0'),
        (b'"cpu":0', b'"cpu": 0'),
        (b'"cpu":0', b'"cpu":0.0'),
        (b'"result":0', b'"result":-0'),
        (b'"result":0', b'"result":2147483648'),
        (b'"aid":"a:00000"', b'"aid":"a:0"'),
        (b'"aid":"a:00000"', b'"aid":"a:000000"'),
        (b'"object":"x"', b'"object":"\\u0078"'),
        (b'"object":"x"', b'"object":"\\u00FF"'),
        (b'"object":"x"', b'"object":"\\/"'),
        (b'"object":"x"', b'"object":"\xc3\xa9"'),
        (b'"object":"x"', b'"object":"' + b"x" * 257 + b'"'),
        (b'"event":"boot"', b'"event":"reboot"'),
        (b'"mono":0', b'"mono":18446744073709551616'),
        (b'"mono":0,', b'"mono":0,"mono":0,'),
        (b"}\n", b"}\r\n"),
        (b"}\n", b"}"),
    ],
)
def test_other_json_is_no_record(old: bytes, new: bytes) -> None:
    record = Record(
        bytes(16), 1, 0, 0, 0, 0, 0, Event.BOOT, Class.LIFE, Decision.NONE, 0, b"x", 0, bytes(32)
    )
    assert Record.parse(record.line()) == record
    line = record.line().replace(old, new)
    assert line != record.line()
    with pytest.raises(RecordError):
        Record.parse(line)


@pytest.mark.parametrize("count", [*range(20), 31, 32, 33, 100])
def test_merkle_tree_has_the_shape_of_rfc_6962(count: int) -> None:
    data = [bytes([i]) * i for i in range(count)]
    leaves = [merkle.leaf(d) for d in data]
    assert merkle.root(leaves) == tree(data)
    for index in range(count):
        assert merkle.climb(leaves[index], merkle.path(leaves, index)) == tree(data)


# ---- proofs and queries ----


def test_proof_of_each_record_stands_alone(tmp_path: Path) -> None:
    chain = Chain.whole(40)
    path = tmp_path / "chain.log"
    path.write_bytes(chain.log)
    for seq in range(1, chain.seq):
        proof = Proof.loads(prove([path], seq).dumps())
        assert check_proof(proof, chain.public).seq == seq
    with pytest.raises(ProofError, match="under a seal"):
        prove([path], chain.seq)


def test_changed_proof_does_not_hold(tmp_path: Path) -> None:
    chain, other = Chain.whole(40), Chain.whole(41)
    path = tmp_path / "chain.log"
    path.write_bytes(chain.log)
    proof = prove([path], 3)
    forged = replace(Record.parse(proof.record), result=-1)
    for wrong in (
        replace(proof, record=forged.line()),
        replace(proof, path=proof.path[1:]),
        replace(proof, seals=proof.seals[:-1]),
        replace(proof, key=other.public),
        replace(proof, record=b"{}\n"),
    ):
        with pytest.raises(ProofError):
            check_proof(wrong, chain.public)
    with pytest.raises(ProofError, match="another key"):
        check_proof(proof, other.public)
    for text in ("", "[]", "{}", '{"form":"coconut-inclusion-proof-1","path":[["up",""]]}'):
        with pytest.raises(ProofError):
            Proof.loads(text)


def test_damaged_log_gives_no_proof(tmp_path: Path) -> None:
    chain = Chain.whole(42)
    record = Record.parse(chain.lines[2])
    path = tmp_path / "chain.log"
    path.write_bytes(chain.log.replace(record.line(), replace(record, result=-99).line()))
    with pytest.raises(ProofError, match="damaged"):
        prove([path], 2)


def test_query_of_a_log(tmp_path: Path) -> None:
    chain = Chain.whole(50, records=30)
    path = tmp_path / "chain.log"
    path.write_bytes(chain.log)
    every = list(records([path], Filter()))
    assert [record.seq for record in every] == list(range(1, chain.seq))
    for wanted in (
        Filter(aid=17),
        Filter(first=5, last=9),
        Filter(events=frozenset({Event.ACCESS}), decisions=frozenset({Decision.DENIED})),
        Filter(kinds=frozenset({Class.FS})),
        Filter(text=b"ab"),
    ):
        assert list(records([path], wanted)) == [r for r in every if wanted.matches(r)]


def test_exit_codes_are_distinct() -> None:
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES) == len(Verdict)
