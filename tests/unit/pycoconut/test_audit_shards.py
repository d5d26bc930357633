# SPDX-License-Identifier: Apache-2.0
"""Shards as the verifier reads them: one log, over boots, compressed and pruned."""

from __future__ import annotations

import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3

from pycoconut.abi import Event
from pycoconut.audit import LogError, Verdict, verify
from pycoconut.audit.log import files
from pycoconut.shard import NO_BOOT, NO_DIGEST, ShardHeader, ShardHeaderError
from tests.unit.pycoconut.chain_writer import Chain, linked
from tests.unit.pycoconut.native_verifier import NativeVerifier, build


def shards(
    folder: Path, chain: Chain, parts: int, after: tuple[str, str] = (NO_BOOT, NO_DIGEST)
) -> list[Path]:
    """A boot in shards that are cut anywhere; `after`: boot and digest of the shard before."""
    folder.mkdir()
    paths, at = [], 0
    size = -(-len(chain.lines) // parts)
    for number in range(parts):
        body = b"".join(chain.lines[number * size : (number + 1) * size])
        data = ShardHeader(number, chain.boot.hex(), at, *after).line() + body
        at += len(body)
        after = (chain.boot.hex(), blake3(data).hexdigest())
        paths.append(folder / f"{number:04}.jsonl")
        paths[-1].write_bytes(data)
    return paths


def boots(tmp_path: Path) -> tuple[list[Path], list[bytes]]:
    """Three boots, each of which names the one before; and their keys."""
    chains = [Chain.whole(40)]
    chains += [linked(chains[0], 41)]
    chains += [linked(chains[1], 42)]
    after, paths = (NO_BOOT, NO_DIGEST), []
    for number, chain in enumerate(chains):
        folder = tmp_path / f"boot{number}"
        last = shards(folder, chain, 2, after)[-1]
        after = (chain.boot.hex(), blake3(last.read_bytes()).hexdigest())
        paths.append(folder)
    return paths, [chain.public for chain in chains]


def test_shards_are_one_log(tmp_path: Path) -> None:
    chain = Chain.whole(30)
    shards(tmp_path / "a", chain, 3)
    assert verify([tmp_path / "a"], keys=[chain.public]).verdict is Verdict.INTACT


def test_missing_or_changed_shard_is_seen(tmp_path: Path) -> None:
    chain = Chain.whole(30)
    paths = shards(tmp_path / "a", chain, 4)
    assert verify([paths[0], paths[2]]).verdict is Verdict.TAMPERED
    assert verify([paths[0], paths[2], paths[1], paths[3]]).verdict is Verdict.TAMPERED
    assert verify(paths[:-1]).verdict is Verdict.TRUNCATED
    assert verify(paths[1:]).verdict is Verdict.INCOMPLETE
    paths[0].write_bytes(
        paths[0].read_bytes().replace(b'"decision":"allowed"', b'"decision":"none"', 1)
    )
    assert verify(paths).verdict is Verdict.TAMPERED
    (tmp_path / "empty").mkdir()
    with pytest.raises(LogError, match="no logs in it"):
        verify([tmp_path / "empty"])


def test_end_of_a_shard_that_is_cut_off_is_seen(tmp_path: Path) -> None:
    """Whole epochs, too: the header of the next shard names what was there."""
    chain = Chain.whole(30)
    paths = shards(tmp_path / "a", chain, 3)
    lines = paths[1].read_bytes().splitlines(True)
    for end in range(len(lines)):
        paths[1].write_bytes(b"".join(lines[:end]))
        assert verify(paths, keys=[chain.public]).verdict is Verdict.TAMPERED, f"after line {end}"


def test_shards_go_on_over_boots(tmp_path: Path) -> None:
    paths, keys = boots(tmp_path)
    assert verify(paths, keys=keys).verdict is Verdict.INTACT
    assert verify(paths[1:], keys=keys).verdict is Verdict.INTACT
    missing = verify([paths[0], paths[2]], keys=keys)
    assert missing.verdict is Verdict.TAMPERED
    assert "is not there" in missing.boots[-1].reasons[0]


def test_last_shard_of_a_boot_that_is_dropped_is_seen(tmp_path: Path) -> None:
    paths, keys = boots(tmp_path)
    (paths[1] / "0001.jsonl").unlink()
    assert verify(paths, keys=keys).verdict is Verdict.TAMPERED


@pytest.mark.parametrize("torn", [b"", b'{"seq":', b"\0" * 40, b'{"seal":9,"fir', b"{\n"])
def test_boot_that_was_cut_off_ends_where_the_next_begins(tmp_path: Path, torn: bytes) -> None:
    """What the power cut in two is no part of the boot that names it."""
    one = Chain(random.Random(50))
    one.fill(9)
    one.seal()
    one.fill(3)
    two = linked(one, 51)
    one.lines.append(torn)
    last = shards(tmp_path / "one", one, 1)[-1]
    after = (one.boot.hex(), blake3(last.read_bytes()).hexdigest())
    shards(tmp_path / "two", two, 2, after)
    report = verify([tmp_path / "one", tmp_path / "two"], keys=[one.public, two.public])
    expected = Verdict.TAMPERED if b"\n" in torn else Verdict.TRUNCATED
    assert report.boots[0].verdict is expected, report.to_json()
    assert report.boots[0].boot == one.boot.hex()
    if expected is Verdict.TRUNCATED:
        assert report.boots[1].verdict is Verdict.INTACT, report.to_json()


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (ShardHeader(0, "ab" * 16, 0, "cd" * 16, NO_DIGEST), "half a shard"),
        (ShardHeader(0, "ab" * 16, 0, NO_BOOT, "1" * 64), "half a shard"),
        (ShardHeader(1, "ab" * 16, 0, NO_BOOT, NO_DIGEST), "half a shard"),
        (ShardHeader(1, "ab" * 16, 0, "cd" * 16, "1" * 64), "another boot"),
    ],
)
def test_header_that_makes_no_sense(header: ShardHeader, problem: str) -> None:
    assert ShardHeader.parse(header.line()) == header
    with pytest.raises(ShardHeaderError, match=problem):
        header.check_after(None, "")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"}\n", b"}"), (b"}\n", b"}\r\n"), (b":0,", b":00,"), (b":0,", b": 0,"), (b"ab", b"AB")],
)
def test_header_has_one_form(old: bytes, new: bytes) -> None:
    line = ShardHeader(0, "ab" * 16).line()
    with pytest.raises(ShardHeaderError, match="not the header"):
        ShardHeader.parse(line.replace(old, new, 1))


def test_compressed_shards(tmp_path: Path) -> None:
    chain = Chain.whole(31)
    for path in shards(tmp_path / "a", chain, 2):
        subprocess.run(["zstd", "-q", "--rm", str(path)], check=True, timeout=60)
    assert verify([tmp_path / "a"], keys=[chain.public]).verdict is Verdict.INTACT


def test_shard_in_both_forms_counts_once(tmp_path: Path) -> None:
    """The power went between compressing a shard and removing the plain one."""
    chain = Chain.whole(31)
    first, _ = shards(tmp_path / "a", chain, 2)
    subprocess.run(["zstd", "-q", str(first)], check=True, timeout=60)
    assert verify([tmp_path / "a"], keys=[chain.public]).verdict is Verdict.INTACT


def prune(path: Path) -> list[bytes]:
    """Take all records out of a shard, as retention does; return them."""
    data = path.read_bytes()
    header, *lines = data.splitlines(True)
    kept = replace(ShardHeader.parse(header), pruned=blake3(data).hexdigest())
    path.write_bytes(kept.line() + b"".join(ln for ln in lines if ln.startswith(b'{"seal"')))
    return [ln for ln in lines if not ln.startswith(b'{"seal"')]


def sealed(seed: int) -> tuple[Chain, list[bytes]]:
    """A chain, and it again as portions that each end with a seal."""
    chain = Chain.whole(seed)
    portions = [b""]
    for line in chain.lines:
        portions[-1] += line
        if line.startswith(b'{"seal"'):
            portions.append(b"")
    return chain, [portion for portion in portions if portion]


def pruned(folder: Path, seed: int) -> tuple[Chain, list[Path], int]:
    """A shard an epoch, of which all but the first and the last are pruned; how many records."""
    chain, portions = sealed(seed)
    chain.lines = portions
    paths = shards(folder, chain, len(portions))
    return chain, paths, sum(len(prune(path)) for path in paths[1:-1])


def test_what_was_pruned_is_told_and_the_rest_verified(tmp_path: Path) -> None:
    chain, paths, count = pruned(tmp_path / "a", 32)
    assert count
    report = verify(paths, keys=[chain.public])
    assert report.verdict is Verdict.INCOMPLETE, report.to_json()
    assert (report.boots[0].pruned, report.boots[0].final) == (count, True)
    assert report.boots[0].records == chain.seq - 1 - count
    assert verify(paths, keys=[chain.public], seed=chain.seed).verdict is Verdict.INCOMPLETE
    assert verify(paths[1:]).verdict is Verdict.INCOMPLETE


def test_pruned_shard_is_held_to_its_seals(tmp_path: Path) -> None:
    chain, paths, _ = pruned(tmp_path / "a", 32)
    whole = paths[1].read_bytes()
    for old, new in (
        (b'"head":"', b'"head":"0'),
        (b'"last":', b'"last":1'),
        (b'"sig":"', b'"sig":"0'),
    ):
        start = whole.index(old)
        changed = bytearray(whole)
        changed[start : start + len(new)] = new
        paths[1].write_bytes(changed)
        assert verify(paths, keys=[chain.public]).verdict is Verdict.TAMPERED, old
    paths[1].write_bytes(whole)
    header, _, rest = paths[-1].read_bytes().partition(b"\n")
    paths[-1].write_bytes(header + b"\n" + b"".join(rest.splitlines(True)[1:]))
    assert verify(paths, keys=[chain.public]).verdict is Verdict.TAMPERED


def test_log_that_starts_with_an_empty_epoch(tmp_path: Path) -> None:
    """Its start is missing, and nothing was changed."""
    chain = Chain(random.Random(33))
    chain.fill(5)
    chain.seal()
    for _ in range(3):
        chain.seal()
    chain.shut_down()
    at = next(n for n, ln in enumerate(chain.lines) if ln.startswith(b'{"seal"')) + 1
    chain.lines = [b"".join(chain.lines[:at]), b"".join(chain.lines[at:])]
    _, second = shards(tmp_path / "a", chain, 2)
    assert verify([second]).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("records", [0, 3])
def test_boot_of_which_no_seal_is_left_is_truncated(tmp_path: Path, records: int) -> None:
    """The power went in its first second; the next boot has nothing to name but zeros."""
    one, two = Chain(random.Random(60)), Chain(random.Random(61))
    one.fill(records)
    one.lines = one.lines if records else []
    last = shards(tmp_path / "one", one, 1)[-1]
    two.append(Event.LINK, object=f"{one.boot.hex()}:0:{NO_DIGEST}".encode())
    two.shut_down()
    after = (one.boot.hex(), blake3(last.read_bytes()).hexdigest())
    shards(tmp_path / "two", two, 2, after)
    report = verify([tmp_path / "one", tmp_path / "two"], keys=[one.public, two.public])
    assert [boot.verdict for boot in report.boots] == [Verdict.TRUNCATED, Verdict.INTACT]
    native = NativeVerifier(build())
    logs = files([tmp_path / "one", tmp_path / "two"])
    answer = native(logs, [one.public, two.public], None, False)
    native.close()
    assert native.agrees(report, answer), answer
