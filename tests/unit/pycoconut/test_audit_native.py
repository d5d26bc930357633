# SPDX-License-Identifier: Apache-2.0
"""coconut-audit-verify, the verifier in C: its command line, its hashes, its memory."""

from __future__ import annotations

import json
import random
import resource
import subprocess
from pathlib import Path

import pytest

from pycoconut.abi import Class, Decision, Event
from pycoconut.audit import EXIT_CODES, Record, Verdict, verify
from tests.unit.pycoconut.chain_writer import Chain
from tests.unit.pycoconut.native_verifier import build, comparable

MEMORY = 48 << 20


# The first of them builds the verifier.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def program() -> Path:
    return build() / "coconut-audit-verify"


def run(program: Path, *argv: str | Path, memory: int = 0) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    return subprocess.run(
        [str(program), *map(str, argv)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=limit,
    )


def test_exit_codes_are_those_of_the_first(program: Path, tmp_path: Path) -> None:
    chain = Chain.whole(1)
    lost = Chain(random.Random(3))
    lost.append(Event.LOST, object=b"41", result=-105)
    lost.shut_down()
    logs = {
        Verdict.INTACT: (chain.log, chain.public),
        Verdict.UNANCHORED: (chain.log, None),
        Verdict.TRUNCATED: (chain.log[:-9], chain.public),
        Verdict.TAMPERED: (chain.log.replace(b'"cpu":1', b'"cpu":2', 1), chain.public),
        Verdict.INCOMPLETE: (lost.log, lost.public),
    }
    for verdict, (log, key) in logs.items():
        path = tmp_path / "chain.log"
        path.write_bytes(log)
        (tmp_path / "key.pub").write_text(f"{(key or b'').hex()} label\n")
        words = ["--key", tmp_path / "key.pub"] if key else []
        done = run(program, *words, path)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (
            EXIT_CODES[verdict],
            verdict.text,
        )


def test_a_wrong_command_line_is_said_to_be_one(program: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "short").write_text("12\n")
    (tmp_path / "log").write_bytes(Chain.whole(1).log)
    for argv, code, what in (
        ([], 2, "usage"),
        (["--frobnicate", tmp_path / "log"], 2, "usage"),
        ([tmp_path / "none"], 1, "No such file"),
        ([tmp_path / "empty"], 1, "no logs in it"),
        (["--key", "zz", tmp_path / "log"], 1, "zz"),
        (["--key", tmp_path / "short", tmp_path / "log"], 1, "64 hexadecimal digits"),
        (["--seed", tmp_path / "short", tmp_path / "log"], 1, "64 hexadecimal digits"),
    ):
        done = run(program, *argv)
        assert done.returncode == code, argv
        assert what in done.stderr, argv
    assert run(program, "--help").returncode == 0


def test_an_empty_log_is_truncated_for_both(program: Path, tmp_path: Path) -> None:
    (tmp_path / "chain.log").write_bytes(b"")
    done = run(program, "--json", tmp_path / "chain.log")
    assert done.returncode == EXIT_CODES[Verdict.TRUNCATED]
    assert json.loads(done.stdout) == verify([tmp_path / "chain.log"]).to_json()


def test_epochs_and_objects_of_every_size(program: Path, tmp_path: Path) -> None:
    """Each shape of the tree, each number of blocks, each way a lane can be left empty."""
    chain = Chain(random.Random(8))
    for records in [*range(36), 63, 64, 65, 128, 129]:
        for number in range(records):
            size = (7 * records + 41 * number) % 257
            chain.append(Event.ACCESS, object=bytes(size), kind=Class.FS, decision=Decision.ALLOWED)
        chain.seal()
    chain.shut_down()
    path, seed = tmp_path / "chain.log", tmp_path / "seed"
    path.write_bytes(chain.log)
    seed.write_text(chain.seed.hex())
    done = run(program, "--json", "--key", chain.public.hex(), "--seed", seed, path)
    assert done.returncode == 0, done.stdout
    mine = verify([path], keys=[chain.public], seed=chain.seed, jobs=1).to_json()
    assert comparable(json.loads(done.stdout)) == comparable(mine)


def test_an_epoch_of_more_records_than_the_kernel_can_seal(program: Path, tmp_path: Path) -> None:
    line = Record.parse(Chain.whole(1).lines[0])
    path = tmp_path / "chain.log"
    text = line.line().decode()
    path.write_text("".join(text.replace('"seq":1,', f'"seq":{n},') for n in range(1, 65600)))
    done = run(program, "--json", path)
    mine = verify([path], jobs=1)
    assert mine.boots[0].bad_seq == 65536
    assert comparable(json.loads(done.stdout)) == comparable(mine.to_json())


@pytest.mark.parametrize("unit", [b"x", b"\n", b'{"seq":1,"', b'{"seal":', b"{}\n"])
def test_memory_does_not_grow_with_the_log(unit: bytes, program: Path, tmp_path: Path) -> None:
    path = tmp_path / "chain.log"
    path.write_bytes(unit * (2 * MEMORY // len(unit)))
    done = run(program, "--json", path, memory=MEMORY)
    assert done.returncode == EXIT_CODES[Verdict.TAMPERED], done.stderr
    assert comparable(json.loads(done.stdout)) == comparable(verify([path], jobs=1).to_json())


def test_a_whole_log_in_little_memory(program: Path, tmp_path: Path) -> None:
    chain = Chain.whole(4)
    path = tmp_path / "chain.log"
    path.write_bytes(chain.log)
    words = ("--key", chain.public.hex())
    assert run(program, *words, *[path], memory=MEMORY).returncode == 0


def test_what_is_printed_is_plain(program: Path, tmp_path: Path) -> None:
    """A file's name is in a reason: it neither speaks to the terminal nor breaks the JSON."""
    path = tmp_path / 'a"\x1b[2J\\.jsonl'
    path.write_bytes(b'{"shard":x\n')
    done = run(program, "--json", path)
    assert json.loads(done.stdout)["verdict"] == "tampered"
    assert "\x1b" not in done.stdout
    assert "\x1b" not in run(program, path).stdout
