# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: a log that was put back or written anew is noticed."""

from __future__ import annotations

import base64
import random
from hashlib import sha256
from pathlib import Path

import pytest

from pycoconut.audit import (
    Checkpoint,
    CheckpointError,
    NoteError,
    NoteKey,
    Verdict,
    seal_trees,
    tlog,
    verify,
)
from pycoconut.audit import compare_checkpoint as compare
from pycoconut.audit.note import open_note, sign_note
from pycoconut.cli import main
from pycoconut.keys import SecretKey
from tests.unit.pycoconut.chain_writer import Chain, linked

KEY = SecretKey(bytes(range(32)))
NAME = "audit.example.org"
NOTE_KEY = NoteKey(NAME, KEY.public.raw)
LEAVES = [tlog.leaf(bytes([i])) for i in range(40)]


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word by word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256().digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + mth(leaves[:half]) + mth(leaves[half:])).digest()


@pytest.mark.parametrize("new", range(1, 40))
def test_each_tree_begins_with_each_smaller_one(new: int) -> None:
    whole = tlog.root(LEAVES[:new])
    assert whole == mth(LEAVES[:new])
    for old in range(new + 1):
        proof = tlog.consistency(old, LEAVES[:new])
        before = tlog.root(LEAVES[:old])
        assert tlog.is_consistent(old, before, new, whole, proof)
        if 0 < old < new:
            assert not tlog.is_consistent(old, bytes(32), new, whole, proof)
            assert not tlog.is_consistent(old, before, new, bytes(32), proof)
            assert not tlog.is_consistent(old, before, new, whole, [*proof, bytes(32)])
            assert not tlog.is_consistent(old, before, new, whole, proof[:-1])
            assert not tlog.is_consistent(new, whole, old, before, proof)


def test_no_changed_proof_holds() -> None:
    rng = random.Random(3)
    for _ in range(400):
        new = rng.randrange(2, 40)
        old = rng.randrange(1, new)
        proof = tlog.consistency(old, LEAVES[:new])
        at = rng.randrange(len(proof))
        proof[at] = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        roots = tlog.root(LEAVES[:old]), tlog.root(LEAVES[:new])
        assert not tlog.is_consistent(old, roots[0], new, roots[1], proof)
    with pytest.raises(ValueError, match="41 leaves of 40"):
        tlog.consistency(41, LEAVES)


def test_the_signed_note_of_its_specification() -> None:
    """The key of c2sp.org/signed-note's example: its id follows from name and bytes."""
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert str(NoteKey.parse(text)) == text
    note = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZS"
        "NXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert open_note(note, NoteKey.parse(text)).startswith("If you think")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("audit", "audix"),
        ("\n3\n", "\n2\n"),
        ("— ", "- "),
        ("\n\n", "\n"),
        ("3\n", "3\r\n"),
        ("=\n", "\n"),
        (f"— {NAME}", "— somebody.else"),
    ],
)
def test_a_changed_note_is_refused(old: str, new: str) -> None:
    note = Checkpoint(NAME, "ab" * 16, 3, bytes(32)).sign(KEY)
    assert Checkpoint.open(note, NOTE_KEY).size == 3
    with pytest.raises((NoteError, CheckpointError)):
        Checkpoint.open(note.replace(old, new), NOTE_KEY)


@pytest.mark.parametrize(
    "text",
    [
        "x\n",
        f"{NAME}/{'ab' * 16}\n3\n",
        f"{NAME}/{'ab' * 16}\n03\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{NAME}/{'ab' * 16}\n-1\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{NAME}/{'ab' * 16}\n3\n{base64.b64encode(bytes(31)).decode()}\n",
        f"{NAME}/{'AB' * 16}\n3\n{base64.b64encode(bytes(32)).decode()}\n",
        f"other/{'ab' * 16}\n3\n{base64.b64encode(bytes(32)).decode()}\n",
    ],
)
def test_what_is_signed_need_not_be_a_checkpoint(text: str) -> None:
    with pytest.raises((NoteError, CheckpointError)):
        Checkpoint.open(sign_note(text, NAME, KEY), NOTE_KEY)


@pytest.mark.parametrize("text", ["", "a", "a+b+c", f"{NAME}+00000000+{'A' * 44}", "a b+1+AQ=="])
def test_a_key_that_is_none(text: str) -> None:
    with pytest.raises(NoteError):
        NoteKey.parse(text)


# ---- logs ----


def judged(tmp_path: Path, log: bytes, checkpoint: Checkpoint, keys: list[bytes]) -> Verdict:
    path = tmp_path / "chain.log"
    path.write_bytes(log)
    report = verify([path], keys=keys, live=True)
    assert report.verdict is Verdict.INTACT
    compare(report, seal_trees([path]), checkpoint)
    return report.verdict


def test_an_old_disk_is_noticed(tmp_path: Path) -> None:
    """All of what is there is intact: only the checkpoint knows that there was more."""
    chain = Chain.whole(5, epochs=6)
    path = tmp_path / "chain.log"
    path.write_bytes(chain.log)
    checkpoint = seal_trees([path])[-1].checkpoint(NAME)
    assert judged(tmp_path, chain.log, checkpoint, [chain.public]) is Verdict.INTACT
    ends = [i + 1 for i, line in enumerate(chain.lines) if line.startswith(b'{"seal":')]
    for number, end in enumerate(ends[:-1], 1):
        old = b"".join(chain.lines[:end])
        path.write_bytes(old)
        before = seal_trees([path])[-1].checkpoint(NAME)
        assert before.size == number
        assert judged(tmp_path, old, checkpoint, [chain.public]) is Verdict.TRUNCATED
        # The log goes on: an older checkpoint holds for ever.
        assert judged(tmp_path, chain.log, before, [chain.public]) is Verdict.INTACT


def test_a_boot_that_is_gone_is_noticed(tmp_path: Path) -> None:
    one = Chain.whole(5)
    two = linked(one, 6)
    path = tmp_path / "chain.log"
    path.write_bytes(one.log + two.log)
    checkpoint = seal_trees([path])[-1].checkpoint(NAME)
    keys = [one.public, two.public]
    assert judged(tmp_path, one.log + two.log, checkpoint, keys) is Verdict.INTACT
    assert judged(tmp_path, one.log, checkpoint, keys) is Verdict.TRUNCATED


def test_a_log_that_was_written_anew_is_noticed(tmp_path: Path) -> None:
    """By who has the boot's first key, too: what was told once stays told."""
    one = Chain.whole(5)
    other = Chain(random.Random(9), boot=one.boot)
    for _ in range(9):
        other.fill(2)
        other.seal()
    path = tmp_path / "chain.log"
    path.write_bytes(one.log)
    checkpoint = seal_trees([path])[-1].checkpoint(NAME)
    assert judged(tmp_path, other.log, checkpoint, [other.public]) is Verdict.TAMPERED


def test_a_log_without_its_start_has_no_checkpoint(tmp_path: Path) -> None:
    chain = Chain.whole(5)
    start = next(i for i, line in enumerate(chain.lines) if line.startswith(b'{"seal":')) + 1
    path = tmp_path / "chain.log"
    path.write_bytes(b"".join(chain.lines[start:]))
    with pytest.raises(CheckpointError, match="from its first on"):
        seal_trees([path])[-1].checkpoint(NAME)


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    chain = Chain.whole(5, epochs=6)
    KEY.write(Path("key"))
    Path("chain.log").write_bytes(chain.log)
    sign = ["audit", "checkpoint", "chain.log", "--name", NAME, "--key", "key", "-o", "note"]
    check = ["audit", "verify", "chain.log", "--key", chain.public.hex()]
    check += ["--checkpoint", "note", "--checkpoint-key", str(NOTE_KEY)]
    assert main(sign) == 0
    assert str(NOTE_KEY) in capsys.readouterr().out
    assert main(sign) == 0
    assert main(check) == 0
    assert main(check[:-2]) == 2
    assert main([*check[:-1], str(NoteKey(NAME, bytes(32)))]) == 1
    Path("chain.log").write_bytes(b"".join(chain.lines[:-9]))
    assert main([*check, "--live"]) == 11
    assert "the checkpoint is of" in capsys.readouterr().out
    assert main(sign) == 1
    Path("chain.log").write_bytes(chain.log[:500] + chain.log[510:])
    assert main(sign) == 1
