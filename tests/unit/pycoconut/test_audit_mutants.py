# SPDX-License-Identifier: Apache-2.0
"""No mutant of a log passes, and the two verifiers agree on each.

How many there are in all says COCONUT_MUTANTS; HACKING.md names the figure of the claim.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest

from pycoconut.audit import BootReport, Report, Verdict, verify
from pycoconut.audit.log import FIRST_MARK
from tests.unit.pycoconut.native_verifier import NativeVerifier, build, comparable
from tests.unit.pycoconut.scene import Scene, headed, parts, scenes
from tests.unit.pycoconut.tampering import MUTATIONS, Mutation

MUTANTS = int(os.environ.get("COCONUT_MUTANTS", "5000"))
EACH = -(-MUTANTS // len(MUTATIONS))
SCENES = scenes()
HEADER = b'{"shard":'


# The first of them builds the verifier.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def native() -> Iterator[NativeVerifier]:
    verifier = NativeVerifier(build())
    yield verifier
    verifier.close()


def write(folder: Path, files: list[bytes]) -> list[Path]:
    paths = [folder / f"{number:04}.jsonl" for number in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    return paths


def stream(files: list[bytes]) -> bytes:
    """What is in them, without the headers."""
    return b"".join(data.partition(b"\n")[2] if data.startswith(HEADER) else data for data in files)


def without_macs(files: list[bytes]) -> bytes:
    return re.sub(rb'"mac":"[0-9a-f]{64}"', b"", stream(files))


class Place:
    """Where a mutant first differs from the log that it was made of."""

    def __init__(self, whole: bytes, mutant: bytes) -> None:
        lines = whole.splitlines(keepends=True)
        there = mutant.splitlines(keepends=True)
        same = next((i for i, (a, b) in enumerate(zip(lines, there, strict=False)) if a != b), None)
        self.index = min(len(lines), len(there)) if same is None else same
        self.first = self.seq = 1
        for line in lines[: self.index]:
            if line.startswith(FIRST_MARK):
                self.first = self.seq = 1
            self.seq += line.startswith(b'{"seq":')
            if line.startswith(b'{"seal":'):
                self.first = self.seq
        self.opens = lines[self.index : self.index + 1] != [] and lines[self.index].startswith(
            FIRST_MARK
        )

        rest = iter(lines[self.index :])
        self.end = self.seq + sum(
            line.startswith(b'{"seq":')
            for line in takewhile(lambda line: not line.startswith(b'{"seal":'), rest)
        )

    def is_named(self, boot: BootReport, *, macs: bool) -> bool:
        """Is the first record that differs in the range that was found?

        An epoch whose seal does not fit says nothing of its records: without their MACs the
        first that is visibly wrong is what can be named.
        """
        assert boot.bad_seq is not None
        assert boot.bad_last is not None
        opening = 1 if macs else 1 + self.end - self.seq
        if self.opens and (boot.bad_seq <= opening or boot.first_seq > 1):
            return True
        latest = self.seq if macs else self.end
        return self.first <= boot.bad_seq <= latest and self.seq <= boot.bad_last + 1


def names_the_place(scene: Scene, files: list[bytes], report: Report, seed: bytes | None) -> bool:
    """Is the first bad record named, where there is one to name?"""
    *before, last = report.boots
    if last.bad_seq is None or any(boot.verdict > Verdict.UNANCHORED for boot in before):
        # An earlier boot has no end, or each is whole and they do not follow from each other.
        return len(report.boots) > 1
    if any(b'"pruned":' in data[:400] for data in files):
        return True
    # Without the seed a MAC that was changed is passed over.
    shown = stream if seed else without_macs
    whole, mutant = shown(scene.files), shown(files)
    place = Place(whole, mutant)
    return whole == mutant or place.index == 0 or place.is_named(last, macs=seed is not None)


@pytest.mark.timeout(max(300, EACH))
@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda m: m.__name__)
def test_no_mutant_passes(mutate: Mutation, native: NativeVerifier, tmp_path: Path) -> None:
    rng = random.Random(mutate.__name__)
    tried = 0
    while tried < EACH:
        scene = rng.choice(SCENES)
        files = mutate(rng, scene)
        if files == scene.files or (len(files) == 1 and files[0] == stream(scene.files)):
            continue
        keys = scene.keys if rng.random() < 0.9 else ()
        # A seed is of one boot. Without it nobody can tell one MAC from another.
        single = len(scene.chains) == 1
        needed = without_macs(files) == without_macs(scene.files)
        if needed and not single:
            continue
        seed = scene.chains[0].seed if single and (needed or rng.random() < 0.5) else None
        tried += 1
        live = rng.random() < 0.1
        paths = write(tmp_path, files)
        report = verify(paths, keys=keys, seed=seed, live=live, jobs=1)
        answer = native(paths, keys, seed, live)
        shown = (mutate.__name__, files, report.to_json(), answer)
        assert native.agrees(report, answer), shown
        if keys and not live:
            assert report.verdict > Verdict.UNANCHORED, shown
            assert report.verdict < Verdict.TAMPERED or names_the_place(
                scene, files, report, seed
            ), shown


@pytest.mark.parametrize("number", range(len(SCENES)))
def test_no_false_alarm(number: int, native: NativeVerifier, tmp_path: Path) -> None:
    """What only looks different is intact: other shards, packed ones, one file."""
    scene = SCENES[number]
    for shards in range(5):
        files = Scene(scene.chains, shards, scene.lines, scene.keys).files
        paths = write(tmp_path, files)
        report = verify(paths, keys=scene.keys, jobs=1)
        assert report.verdict is Verdict.INTACT, report.to_json()
        assert native.agrees(report, native(paths, scene.keys, None, False))
    subprocess.run(["zstd", "-q", "--rm", "-f", *map(str, paths)], check=True, timeout=60)
    packed = [path.with_name(path.name + ".zst") for path in paths]
    report = verify(packed, keys=scene.keys, jobs=1)
    assert report.verdict is Verdict.INTACT, report.to_json()
    assert native.agrees(report, native(packed, scene.keys, None, False))


def test_no_mutant_is_missed_by_side_by_side(tmp_path: Path) -> None:
    """Other processes find what this one does."""
    rng = random.Random(12)
    for number in range(40):
        scene = rng.choice(SCENES)
        paths = write(tmp_path, MUTATIONS[number % len(MUTATIONS)](rng, scene))
        one = verify(paths, keys=scene.keys, jobs=1)
        assert verify(paths, keys=scene.keys, jobs=2) == one


def test_a_damaged_packed_shard_is_tampered(native: NativeVerifier, tmp_path: Path) -> None:
    rng = random.Random(5)
    scene = SCENES[1]
    bodies = [b"".join(part) for part in parts(list(scene.lines[0]), 2)]
    paths = write(tmp_path, headed(scene.chains[0], bodies))
    subprocess.run(["zstd", "-q", "--rm", str(paths[-1])], check=True, timeout=60)
    packed = paths[-1].with_name(paths[-1].name + ".zst")
    whole = packed.read_bytes()
    for _ in range(20):
        at = rng.randrange(len(whole))
        packed.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        report = verify([paths[0], packed], keys=scene.keys, jobs=1)
        assert report.verdict is Verdict.TAMPERED, (at, report.to_json())
        answer = native([paths[0], packed], scene.keys, None, False)
        assert comparable(answer) == comparable(report.to_json())


def test_a_boot_of_which_only_the_header_is_left(native: NativeVerifier, tmp_path: Path) -> None:
    """The next boot names that header, so nothing but the empty boot itself shows it."""
    scene = next(scene for scene in SCENES if len(scene.chains) == 2)
    emptied = replace(scene, shards=1).with_lines([], 0)
    paths = write(tmp_path, emptied.files)
    report = verify(paths, keys=scene.keys, jobs=1)
    assert [boot.verdict for boot in report.boots] == [Verdict.TRUNCATED, Verdict.INTACT]
    assert native.agrees(report, native(paths, scene.keys, None, False))
