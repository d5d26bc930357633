# SPDX-License-Identifier: Apache-2.0
"""Closed shards: compressed, shown and pruned, and the log verifies through all of it."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest
from blake3 import blake3

from pycoconut.abi import Event
from pycoconut.audit import Verdict, verify
from pycoconut.daemon.closed import Closed, compress, keep_bytes, prune, show
from pycoconut.daemon.shards import ShardError, contents, names
from pycoconut.shard import NO_BOOT, NO_DIGEST, ShardHeader
from tests.unit.pycoconut.chain_writer import Chain


def long_chain(seed: int) -> Chain:
    """A boot of some epochs, not all of which have records."""
    chain = Chain(random.Random(seed))
    chain.append(Event.LINK, object=b"what the boot before was")
    for epoch in range(24):
        chain.fill(0 if epoch % 5 == 1 else 12)
        chain.seal()
    chain.shut_down()
    return chain


def keep(log: Path, chain: Chain, after: tuple[str, str], parts: int = 6) -> tuple[str, str]:
    """A boot's shards, each of which ends with a seal; boot and digest of the last."""
    boot, at = chain.boot.hex(), 0
    folder = log / boot
    folder.mkdir(parents=True)
    with (log / "boots").open("a") as boots:
        boots.write(f"{boot}\n")
    ends = [n + 1 for n, line in enumerate(chain.lines) if line.startswith(b'{"seal"')]
    ends = [*ends[:: len(ends) // parts][1:parts], len(chain.lines)]
    for number, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        body = b"".join(chain.lines[start:end])
        data = ShardHeader(number, boot, at, *after).line() + body
        (folder / f"{number:04}.jsonl").write_bytes(data)
        after, at = (boot, blake3(data).hexdigest()), at + len(body)
    return after


@pytest.fixture
def log(tmp_path: Path) -> tuple[Path, list[Chain]]:
    """Two boots."""
    chains = [long_chain(1), long_chain(2)]
    after = (NO_BOOT, NO_DIGEST)
    for chain in chains:
        after = keep(tmp_path / "log", chain, after)
    (tmp_path / "rotated").mkdir()
    return tmp_path / "log", chains


def verdict(log: tuple[Path, list[Chain]]) -> Verdict:
    folders = [log[0] / chain.boot.hex() for chain in log[1]]
    return verify(folders, keys=[chain.public for chain in log[1]]).verdict


def closed(log: tuple[Path, list[Chain]], keep: int | None, said: list[str]) -> Closed:
    path, chains = log
    return Closed(path, chains[1].boot.hex(), path.parent / "rotated", keep, said.append)


def size(log: Path) -> int:
    return sum(path.stat().st_size for path in log.rglob("*.jsonl*"))


def test_all_but_the_one_that_grows_are_compressed(log: tuple[Path, list[Chain]]) -> None:
    before = {path.stem: contents(path) for path in names(log[0] / log[1][0].boot.hex())}
    closed(log, None, []).look()
    first, second = (names(log[0] / chain.boot.hex()) for chain in log[1])
    assert {path.name.split(".")[0]: contents(path) for path in first} == before
    assert [path.suffix for path in first] == [".zst"] * 6
    assert [path.suffix for path in second] == [".zst"] * 5 + [".jsonl"]
    assert verdict(log) is Verdict.INTACT


def test_closed_shards_of_the_boot_are_shown(log: tuple[Path, list[Chain]]) -> None:
    rotated = log[0].parent / "rotated"
    (rotated / "0099.jsonl").symlink_to("/nowhere")
    for _ in range(2):
        closed(log, None, []).look()
    assert sorted(path.name for path in rotated.iterdir()) == [
        f"{number:04}.jsonl.zst" for number in range(5)
    ]
    assert verify([rotated], keys=[log[1][1].public]).verdict is Verdict.TRUNCATED


def test_interrupted_compressing_is_done_again(log: tuple[Path, list[Chain]]) -> None:
    path = names(log[0] / log[1][0].boot.hex())[0]
    path.with_name(f"{path.name}.zst.part").write_bytes(b"half")
    path.with_name(f"{path.name}.zst").write_bytes(b"")
    assert verdict(log) is Verdict.INTACT
    closed(log, None, []).look()
    assert verdict(log) is Verdict.INTACT
    assert not list(log[0].rglob("*.part"))


@pytest.mark.parametrize("program", ["exit 1", "head -c 100", "printf x; cat", "kill -9 $$"])
def test_shard_stays_where_it_cannot_be_compressed(
    log: tuple[Path, list[Chain]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """A full disk, or a zstd that does not give back what it took."""
    fake = tmp_path / "bin" / "zstd"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\n{program}\n")
    fake.chmod(0o755)
    path = names(log[0] / log[1][0].boot.hex())[0]
    whole = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
        with pytest.raises(ShardError):
            compress(path)
    assert path.read_bytes() == whole
    assert not list(path.parent.glob("*.zst*"))


def test_pruned_log_verifies_and_says_so(log: tuple[Path, list[Chain]]) -> None:
    path, chains = log
    closed(log, None, []).look()
    full = size(path)
    closed(log, full // 2, []).look()
    assert size(path) < full
    report = verify(
        [path / chain.boot.hex() for chain in chains], keys=[chain.public for chain in chains]
    )
    assert report.verdict is Verdict.INCOMPLETE, report.to_json()
    first, second = report.boots
    assert first.pruned
    assert first.final
    # The oldest go first.
    assert second.pruned < first.pruned
    for chain, boot in zip(chains, report.boots, strict=True):
        assert boot.records + boot.pruned == chain.seq - 1
        assert boot.head == chain.head.hex()


def test_first_and_last_words_of_a_boot_are_never_pruned(log: tuple[Path, list[Chain]]) -> None:
    closed(log, 0, []).look()
    closed(log, 0, []).look()
    data = b"".join(contents(path) for path in names(log[0] / log[1][0].boot.hex()))
    for event in (b"boot", b"link", b"shutdown"):
        assert b'"event":"' + event + b'"' in data
    assert verdict(log) is Verdict.INCOMPLETE


def test_pruned_once_is_enough(log: tuple[Path, list[Chain]]) -> None:
    path = compress(names(log[0] / log[1][0].boot.hex())[1])
    assert prune(path) > 0
    data = path.read_bytes()
    assert prune(path) == 0
    assert path.read_bytes() == data


def test_what_is_shown_follows_what_is_there(tmp_path: Path) -> None:
    folder, rotated = tmp_path / "boot", tmp_path / "rotated"
    rotated.mkdir()
    show(folder, rotated, [folder / "0000.jsonl", folder / "0001.jsonl"])
    show(folder, rotated, [folder / "0000.jsonl.zst", folder / "0001.jsonl"])
    assert {path.name: os.readlink(path) for path in rotated.iterdir()} == {
        "0000.jsonl.zst": str(folder / "0000.jsonl.zst"),
        "0001.jsonl": str(folder / "0001.jsonl"),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("# keep_mib 5\n", None),
        ("keep_mib 5\n", 5 << 20),
        ("\nkeep_mib  0 # as little as there can be\n", 0),
        ("keep_mib -1\n", None),
        ("keep_mib many\n", None),
    ],
)
def test_how_much_is_kept_is_the_operators(tmp_path: Path, text: str, expected: int | None) -> None:
    path = tmp_path / "audit"
    assert keep_bytes(path) is None
    path.write_text(text)
    assert keep_bytes(path) == expected


def finish(*workers: Closed) -> None:
    """Let each have one look."""
    now = time.monotonic()
    for worker in workers:
        worker.tick(now)
    while any(worker.busy for worker in workers):
        time.sleep(0.01)
        for worker in workers:
            worker.tick(now)


def test_a_child_does_it(log: tuple[Path, list[Chain]]) -> None:
    worker = closed(log, None, [])
    finish(worker)
    assert verdict(log) is Verdict.INTACT
    assert len(list(log[0].rglob("*.zst"))) == 11


def test_two_children_do_not_meet(
    log: tuple[Path, list[Chain]], capfd: pytest.CaptureFixture[str]
) -> None:
    """A writer that was killed left one behind."""
    workers = [
        Closed(log[0], log[1][1].boot.hex(), log[0].parent / "rotated", 0, print_now)
        for _ in range(2)
    ]
    finish(*workers)
    assert capfd.readouterr().out == ""
    assert verdict(log) is Verdict.INCOMPLETE


def print_now(text: str) -> None:
    """What a child says is seen here too."""
    os.write(1, text.encode())


def test_child_may_be_killed_at_any_moment(log: tuple[Path, list[Chain]]) -> None:
    for step in range(12):
        worker = closed(log, None, [])
        worker.tick(time.monotonic())
        time.sleep(step / 60)
        worker.stop()
        assert verdict(log) is Verdict.INTACT
    closed(log, None, []).look()
    assert verdict(log) is Verdict.INTACT
    assert not list(log[0].rglob("*.part"))


def test_zstd_itself_knows_them(log: tuple[Path, list[Chain]]) -> None:
    path = compress(names(log[0] / log[1][0].boot.hex())[0])
    subprocess.run(["zstd", "-tq", str(path)], check=True, timeout=60)
