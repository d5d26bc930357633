# SPDX-License-Identifier: Apache-2.0
"""Both verifiers say the same of a log and a checkpoint, whoever wrote either."""

from __future__ import annotations

import base64
import json
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pycoconut.audit import Checkpoint, CheckpointError, NoteError, NoteKey, seal_trees, tlog
from pycoconut.audit import compare_checkpoint as compare
from pycoconut.audit import verify as verify_log
from pycoconut.audit.note import sign_note
from pycoconut.cli import main
from pycoconut.keys import SecretKey
from tests.unit.pycoconut.chain_writer import Chain
from tests.unit.pycoconut.native_verifier import NativeVerifier, build, comparable
from tests.unit.pycoconut.scene import SEAL, Scene, headed, scenes
from tests.unit.pycoconut.tampering import MUTATIONS, Mutation

KEY = SecretKey(bytes(range(32)))
OTHER_KEY = SecretKey(bytes(range(1, 33)))
NAME = "audit.example.org/log"
NOTE_KEY = NoteKey(NAME, KEY.public.raw)
SCENES = scenes()
LOGS_EACH = 15
NOTES = 2400

# The first of them builds the verifier.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def folder() -> Path:
    return build()


@pytest.fixture(scope="module")
def native(folder: Path) -> Iterator[NativeVerifier]:
    verifier = NativeVerifier(folder)
    yield verifier
    verifier.close()


def seals(chain: Chain) -> list[bytes]:
    return [tlog.leaf(line) for line in chain.lines if line.startswith(SEAL)]


def checkpoint_of(chain: Chain, size: int | None = None) -> Checkpoint:
    leaves = seals(chain)
    size = len(leaves) if size is None else size
    return Checkpoint(NAME, chain.boot.hex(), size, tlog.root(leaves[:size]))


def write(folder: Path, files: list[bytes]) -> list[Path]:
    paths = [folder / f"{number:04}.jsonl" for number in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    return paths


@dataclass(frozen=True)
class Question:
    """A log, what is known of it, and a note."""

    paths: list[Path]
    note: Path
    keys: tuple[bytes, ...] = ()
    live: bool = False
    signer: str = str(NOTE_KEY)

    def first(self) -> dict[str, object]:
        """What the verifier in Python says."""
        try:
            checkpoint = Checkpoint.read(self.note, NoteKey.parse(self.signer))
        except (NoteError, CheckpointError):
            return {"refused": True}
        report = verify_log(self.paths, keys=self.keys, live=self.live, jobs=1)
        compare(report, seal_trees(self.paths), checkpoint)
        return comparable(report.to_json())

    def second(self, native: NativeVerifier) -> dict[str, object]:
        """What the one in C says."""
        answer = native(self.paths, self.keys, None, self.live, (self.note, self.signer))
        return {"refused": True} if "refused" in answer else comparable(answer)


# ---- the command lines ----


@dataclass(frozen=True)
class Case:
    """A log and a note by the name of what is wrong with them."""

    log: bytes
    note: str
    exit_code: int
    signer: NoteKey = NOTE_KEY
    keyed: bool = True


def cases() -> dict[str, Case]:
    chain = Chain.whole(5, epochs=6)
    other = Chain(random.Random(9), boot=chain.boot)
    for _ in range(9):
        other.fill(2)
        other.seal()
    log, whole = chain.log, checkpoint_of(chain)
    note = whole.sign(KEY)
    ends = [i + 1 for i, line in enumerate(chain.lines) if line.startswith(SEAL)]
    cut, late = b"".join(chain.lines[: ends[3]]), b"".join(chain.lines[ends[0] :])
    return {
        "right": Case(log, note, 0),
        "older": Case(log, checkpoint_of(chain, 3).sign(KEY), 0),
        "of nothing": Case(log, checkpoint_of(chain, 0).sign(KEY), 0),
        "of nothing, forged": Case(log, replace(whole, size=0).sign(KEY), 12),
        "cosigned": Case(log, note + f"— w {base64.b64encode(bytes(76)).decode()}\n", 0),
        "wrong key": Case(log, note, 1, NoteKey(NAME, OTHER_KEY.public.raw)),
        "wrong name": Case(log, note, 1, NoteKey("other", KEY.public.raw)),
        "signed by another": Case(log, whole.sign(OTHER_KEY), 1),
        "forged root": Case(log, replace(whole, root=bytes(32)).sign(KEY), 12),
        "the log was cut": Case(cut, note, 11),
        "size of another": Case(log, replace(whole, size=whole.size - 1).sign(KEY), 12),
        "far longer": Case(log, replace(whole, size=10**17).sign(KEY), 11),
        "of another boot": Case(log, checkpoint_of(Chain.whole(7)).sign(KEY), 11),
        "of a log written anew": Case(log, checkpoint_of(other, 4).sign(KEY), 12),
        "the log has no start": Case(late, note, 13, keyed=False),
        "damaged text": Case(log, note.replace(chain.boot.hex()[:4], "0000"), 1),
        "carriage returns": Case(log, note.replace("\n", "\r\n"), 1),
        "no note": Case(log, "", 1),
    }


@pytest.mark.parametrize("name", list(cases()))
def test_exit_codes(
    name: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = cases()[name]
    monkeypatch.chdir(tmp_path)
    Path("chain.log").write_bytes(case.log)
    Path("note").write_bytes(case.note.encode())
    words = ["--json", "--live"]
    words += ["--key", Chain.whole(5, epochs=6).public.hex()] if case.keyed else []
    words += ["--checkpoint", "note", "--checkpoint-key", str(case.signer), "chain.log"]
    second = subprocess.run(
        [str(folder / "coconut-audit-verify"), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    capsys.readouterr()
    assert main(["audit", "verify", *words]) == case.exit_code
    assert second.returncode == case.exit_code, second.stderr
    if case.exit_code == 1:
        assert "note" in second.stderr
        return
    first = json.loads(capsys.readouterr().out)
    assert comparable(json.loads(second.stdout)) == comparable(first)


def test_checkpoint_and_key_need_each_other(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(Chain.whole(1).log)
    for option, value in (("--checkpoint", "note"), ("--checkpoint-key", str(NOTE_KEY))):
        argv = [str(folder / "coconut-audit-verify"), option, value, str(tmp_path / "log")]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert "need each other" in done.stderr


# ---- the two held against each other ----


def test_trees_of_every_size(native: NativeVerifier, tmp_path: Path) -> None:
    """Each shape of the tree; where a root holds, that of one seal less does not."""
    chain = Chain(random.Random(4))
    for _ in range(70):
        chain.seal()
    chain.shut_down()
    paths, note = write(tmp_path, [chain.log]), tmp_path / "note"
    for size in range(1, 72):
        right = checkpoint_of(chain, size)
        for made, code in ((right, 0), (replace(right, size=size - 1), 12)):
            note.write_text(made.sign(KEY))
            question = Question(paths, note, (chain.public,))
            answer = question.second(native)
            assert answer["exit_code"] == code, (size, answer)
            assert question.first() == answer


@pytest.mark.parametrize("number", range(len(SCENES)))
def test_no_false_alarm(number: int, native: NativeVerifier, tmp_path: Path) -> None:
    scene = SCENES[number]
    for shards in range(4):
        paths = write(tmp_path, replace(scene, shards=shards).files)
        for chain in scene.chains:
            for size in range(1 + len(seals(chain))):
                (tmp_path / "note").write_text(checkpoint_of(chain, size).sign(KEY))
                question = Question(paths, tmp_path / "note", scene.keys)
                assert question.first() == question.second(native)
                assert question.first()["exit_code"] == 0


def _any_checkpoint(rng: random.Random, scene: Scene) -> Checkpoint:
    chain = rng.choice(scene.chains)
    made = checkpoint_of(chain, rng.randrange(1 + len(seals(chain))))
    change = rng.randrange(6)
    if change == 0:
        return replace(made, root=rng.randbytes(32))
    if change == 1:
        return replace(made, size=made.size + rng.choice([-1, 1, 2]) if made.size else 3)
    if change == 2:
        return replace(made, boot=rng.choice([rng.randbytes(16).hex(), "0" * 32]))
    return made


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda m: m.__name__)
def test_tampered_logs(mutate: Mutation, native: NativeVerifier, tmp_path: Path) -> None:
    rng = random.Random(mutate.__name__)
    for _ in range(LOGS_EACH):
        scene = rng.choice(SCENES)
        files = mutate(rng, scene)
        (tmp_path / "note").write_text(_any_checkpoint(rng, scene).sign(KEY))
        keys = scene.keys if rng.random() < 0.8 else ()
        paths = write(tmp_path, files)
        question = Question(paths, tmp_path / "note", keys, rng.random() < 0.5)
        assert question.first() == question.second(native), (mutate.__name__, files)


def test_boots_of_which_the_records_are_gone(native: NativeVerifier, tmp_path: Path) -> None:
    """Seals without records do not say of which boot they are; the next boot's are not theirs."""
    one = Chain(random.Random(2))
    one.seal()
    one.seal()
    two = Chain.whole(6)
    bare = b"".join(line for line in one.lines if line.startswith(SEAL))
    empty = [line for line in one.lines if line.startswith(SEAL)][1]
    pruned = headed(two, [b"".join(two.lines[:5]), b"".join(two.lines[5:])])
    for files in ([bare + two.log], [empty + two.log], [empty, *pruned], [two.log + bare]):
        paths = write(tmp_path, files)
        for chain in (one, two):
            for size in range(1 + len(seals(chain))):
                (tmp_path / "note").write_text(checkpoint_of(chain, size).sign(KEY))
                question = Question(paths, tmp_path / "note", live=True)
                assert question.first() == question.second(native), (files, size)


# ---- notes ----


def _changed(rng: random.Random, note: bytes) -> bytes:
    at = rng.randrange(len(note))
    piece = rng.choice([b"\n", b"\n\n", b"\r", b" ", b"=", b"+", b"/", b"0", b"\xc2\xa0", b"\xff"])
    lines = note.splitlines(keepends=True)
    line = rng.choice(lines)
    changes: list[Callable[[], bytes]] = [
        lambda: note[:at] + bytes([note[at] ^ 1 << rng.randrange(8)]) + note[at + 1 :],
        lambda: note[:at] + piece + note[at:],
        lambda: note[:at] + piece + note[at + 1 :],
        lambda: note[:at] + note[at + rng.randrange(1, 4) :],
        lambda: note[:at],
        lambda: note + line,
        lambda: note.replace(line, line * 2),
        lambda: note.replace(line, b""),
        lambda: b"".join(rng.sample(lines, len(lines))),
    ]
    return rng.choice(changes)()


def _some_text(rng: random.Random, right: Checkpoint) -> str:
    """What a key may have signed that is no checkpoint, or one with more in it."""
    origin = rng.choice([NAME, NAME + "/x", "audit.example.org", "", NAME + "/"])
    boot = rng.choice([right.boot, right.boot.upper(), right.boot[1:], right.boot + "0", ""])
    sizes = [str(right.size), f"0{right.size}", "0", "00", "-1", "+3", "", "1" * 18, "1" * 19, "٣"]
    root = base64.b64encode(right.root).decode()
    roots = [root, root[:-1], root[:-4], root + "AAAA", root[:-2] + "1=", "", "A" * 43 + "=", " "]
    rest = rng.choice(["", "more\n", "\n", "\n\n", "more\n\nmore\n", "\x7f\n", "é\n", "\u2028\n"])
    return f"{origin}/{boot}\n{rng.choice(sizes)}\n{rng.choice(roots)}\n{rest}"


def test_damaged_notes(native: NativeVerifier, tmp_path: Path) -> None:
    rng = random.Random(31)
    chain = Chain.whole(5, epochs=6)
    paths, path = write(tmp_path, [chain.log]), tmp_path / "note"
    right = checkpoint_of(chain)
    witness = sign_note("x\n", "witness.example", OTHER_KEY).splitlines()[-1]
    refused = 0
    for number in range(NOTES):
        text = right.text if number % 3 else _some_text(rng, right)
        note = sign_note(text, NAME, KEY)
        if number % 5 == 0:
            note += f"{witness}\n"
        data = _changed(rng, note.encode()) if number % 3 else note.encode()
        path.write_bytes(data)
        question = Question(paths, path, (chain.public,))
        first = question.first()
        assert first == question.second(native), data
        refused += "refused" in first
    assert NOTES * 2 // 3 < refused < NOTES


def test_notes_at_their_limits(native: NativeVerifier, tmp_path: Path) -> None:
    chain = Chain.whole(5)
    paths, path = write(tmp_path, [chain.log]), tmp_path / "note"
    right = checkpoint_of(chain)
    note = right.sign(KEY)
    line = f"— w {base64.b64encode(b'1234').decode()}\n"
    room = (1 << 20) - len(note.encode()) - len("x\n")
    long = sign_note(right.text + "é" * (room // 2) + "x" * (room % 2) + "x\n", NAME, KEY)
    for text, taken in (
        (note + line * 99, True),
        (note + line * 100, False),
        (note + note.splitlines()[-1] + "\n", False),
        (note + "\n", False),
        (note + "— w AA==\n", True),
        (note + "— w AB==\n", False),
        (note + "— w A===\n", False),
        (note + "— w \n", False),
        (note + "— w\u2003x AAAA\n", False),
        (note + "— wüx AAAA\n", True),
        (note + "— w+x AAAA\n", False),
        (long, True),
        (long + line, False),
    ):
        path.write_text(text, encoding="utf-8")
        question = Question(paths, path, (chain.public,))
        assert question.first() == question.second(native), text[-200:]
        assert ("refused" in question.first()) is not taken, text[-200:]


def _named(name: str) -> str:
    return str(NoteKey(name, KEY.public.raw))


@pytest.mark.parametrize(
    ("signer", "taken"),
    [
        (str(NOTE_KEY), True),
        (_named("é—x"), True),
        (f" {NOTE_KEY}", False),
        (f"{NOTE_KEY} ", False),
        (f"{NOTE_KEY}=", False),
        (str(NOTE_KEY).replace("+", "+0", 1), False),
        (str(NOTE_KEY).replace(NAME, "a b"), False),
        (str(NOTE_KEY).replace(NAME, ""), False),
        (str(NOTE_KEY).replace(NAME, "a\u00a0b"), False),
        (str(NOTE_KEY).replace(NAME, "a\udcffb"), False),
        (NAME, False),
        (f"{NAME}+00000000", False),
        (f"{NAME}+{NOTE_KEY.id.hex()}+{base64.b64encode(bytes(33)).decode()}", False),
        (f"{NAME}+{NOTE_KEY.id.hex()}+{base64.b64encode(bytes(32)).decode()}", False),
        ("", False),
    ],
)
def test_keys(signer: str, taken: bool, folder: Path, tmp_path: Path) -> None:
    chain = Chain.whole(5)
    (tmp_path / "log").write_bytes(chain.log)
    name = signer.partition("+")[0] if taken else NAME
    made = replace(checkpoint_of(chain), name=name)
    (tmp_path / "note").write_bytes(made.sign(KEY).encode())
    words = ["--checkpoint", str(tmp_path / "note"), "--checkpoint-key", signer]
    words += ["--key", chain.public.hex(), str(tmp_path / "log")]
    argv = [str(folder / "coconut-audit-verify"), *words]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
    assert done.returncode == (0 if taken else 1)
    assert main(["audit", "verify", *words]) == done.returncode
