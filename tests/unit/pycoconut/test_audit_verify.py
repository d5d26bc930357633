# SPDX-License-Identifier: Apache-2.0
"""The verifier on whole logs, on forged ones, and on several boots."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut.abi import Event
from pycoconut.audit import (
    EXIT_CODES,
    Record,
    Seal,
    Verdict,
)
from tests.unit.pycoconut.chain_writer import Chain, check, linked, reseal


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


def test_exit_codes_are_distinct() -> None:
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES) == len(Verdict)
