# SPDX-License-Identifier: Apache-2.0
"""What coconutd says of a disk that the TPM has counted past."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from pycoconut.daemon.rollback import Count, count_now, count_of, verdict
from pycoconut.keys import SecretKey
from tests.unit.pycoconut.chain_writer import Chain
from tests.unit.pycoconut.scene import in_shards

ROOT = SecretKey(bytes(32))
ANCHOR = ROOT.public.raw


def folder(place: Path, chain: Chain) -> Path:
    """A boot's shards."""
    for number, data in enumerate(in_shards(chain, chain.lines, 2)):
        (place / f"{number:04}.jsonl").write_bytes(data)
    return place


def test_both_are_read_from_the_first_record(tmp_path: Path) -> None:
    chain = Chain.whole(4, root=ROOT, counter=2**40 + 3)
    assert count_of(folder(tmp_path, chain)) == Count(2**40 + 3, ANCHOR)
    log = tmp_path / "chain.log"
    log.write_bytes(chain.log)
    fd = os.open(log, os.O_RDONLY)
    assert count_now(fd) == Count(2**40 + 3, ANCHOR)
    os.close(fd)


@pytest.mark.parametrize("what", ["no TPM", "no boot", "no first record", "no record"])
def test_where_nothing_is_known(tmp_path: Path, what: str) -> None:
    chain = Chain(random.Random(1), root=None if what == "no TPM" else ROOT)
    chain.shut_down()
    if what == "no first record":
        del chain.lines[0]
    elif what == "no record":
        chain.lines[0] = b'{"seq":1,}\n'
    where = None if what == "no boot" else folder(tmp_path, chain)
    assert count_of(where) is None


@pytest.mark.parametrize(
    ("before", "now", "word"),
    [
        (7, 8, None),
        (7, 9, None),
        (7, 10, "older state"),
        (7, 900, "older state"),
        (7, 7, "after this one"),
        (7, 1, "after this one"),
    ],
)
def test_a_boot_counts_one_or_two(before: int, now: int, word: str | None) -> None:
    said = verdict(Count(before, ANCHOR), Count(now, ANCHOR))
    assert said is None if word is None else said is not None and word in said


def test_another_tpm_is_told_and_not_counted() -> None:
    said = verdict(Count(7, ANCHOR), Count(900, bytes(32)))
    assert said is not None
    assert "another TPM" in said
    assert verdict(None, Count(3, ANCHOR)) is None
    assert verdict(Count(3, ANCHOR), None) is None
