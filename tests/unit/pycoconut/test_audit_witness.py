# SPDX-License-Identifier: Apache-2.0
"""Checkpoints to a witness on loopback, which keeps them and refuses to go back."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from pycoconut.audit import NoteError, tlog
from pycoconut.audit.checkpoint import Checkpoint
from pycoconut.audit.note import NoteKey
from pycoconut.audit.witness import Conflict, WitnessError, cosigned_at, submit
from pycoconut.cli import main
from pycoconut.keys import SecretKey
from tests.unit.pycoconut.chain_writer import Chain

LOG, WITNESS = SecretKey(bytes(range(32))), SecretKey(bytes(range(1, 33)))
NAME, WITNESS_NAME = "audit.example.org", "witness.example.org"
LOG_KEY = NoteKey(NAME, LOG.public.raw)
LEAVES = [tlog.leaf(bytes([i])) for i in range(30)]
BOOT = "ab" * 16
TIME = 1_800_000_000


def note(size: int, leaves: list[bytes] = LEAVES) -> str:
    return Checkpoint(NAME, BOOT, size, tlog.root(leaves[:size])).sign(LOG)


class Handler(BaseHTTPRequestHandler):
    """A witness, from the specification alone."""

    server: Witness

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(*self.server.answer or self.judge(body))

    def judge(self, body: str) -> tuple[int, str, bytes]:
        proof, _, sent = body.partition("\n\n")
        first, *steps = proof.split("\n")
        old = int(first.removeprefix("old "))
        new = Checkpoint.open(sent, LOG_KEY)
        has = self.server.has
        if old != has[0]:
            return 409, "text/x.tlog.size", f"{has[0]}\n".encode()
        path = [base64.b64decode(step) for step in steps]
        if not tlog.is_consistent(*has, new.size, new.root, path):
            return 422, "text/plain", b""
        self.server.has = new.size, new.root
        message = f"cosignature/v1\ntime {TIME}\n{new.text}".encode()
        key_id = sha256(WITNESS_NAME.encode() + b"\n\x04" + WITNESS.public.raw).digest()[:4]
        data = key_id + TIME.to_bytes(8, "big") + WITNESS.sign(message)
        return 200, "text/plain", f"— {WITNESS_NAME} {base64.b64encode(data).decode()}\n".encode()

    def answer(self, status: int, media: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class Witness(ThreadingHTTPServer):
    has: tuple[int, bytes] = (0, tlog.root([]))
    answer: tuple[int, str, bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


@pytest.fixture
def witness() -> Iterator[Witness]:
    with Witness(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_log_that_goes_on_is_cosigned(witness: Witness) -> None:
    sizes = [0, 1, 2, 7, 7, 16, 30]
    for old, new in pairwise(sizes):
        (line,) = submit(witness.url, old, tlog.consistency(old, LEAVES[:new]), note(new))
        assert cosigned_at(line, note(new), WITNESS_NAME, WITNESS.public.raw) == TIME
    assert witness.has[0] == 30


def test_a_log_that_was_put_back_or_written_anew_is_not(witness: Witness) -> None:
    submit(witness.url, 0, [], note(20))
    with pytest.raises(Conflict, match="20 seals") as caught:
        submit(witness.url, 5, tlog.consistency(5, LEAVES[:9]), note(9))
    assert caught.value.size == 20
    with pytest.raises(WitnessError, match="says 422"):
        submit(witness.url, 20, [], note(9))
    other = [tlog.leaf(b"other"), *LEAVES[1:]]
    with pytest.raises(WitnessError, match="says 422"):
        submit(witness.url, 20, tlog.consistency(20, other), note(30, other))
    assert witness.has[0] == 20


def test_a_cosignature_is_of_one_checkpoint_by_one_witness(witness: Witness) -> None:
    (line,) = submit(witness.url, 0, [], note(3))
    public = WITNESS.public.raw
    for wrong, checkpoint, name, key in (
        (line, note(4), WITNESS_NAME, public),
        (line, note(3), NAME, public),
        (line, note(3), WITNESS_NAME, LOG.public.raw),
        (line[:-8] + "AAAAAAA=", note(3), WITNESS_NAME, public),
        ("— x", note(3), WITNESS_NAME, public),
        (note(3).split("\n")[-2], note(3), NAME, LOG.public.raw),
    ):
        with pytest.raises(NoteError):
            cosigned_at(wrong, checkpoint, name, key)


@pytest.mark.parametrize(
    "answer",
    [
        (200, "text/plain", b""),
        (200, "text/plain", b"<html>"),
        (200, "text/plain", b"hello\n"),
        (200, "text/plain", "— a AQ==".encode()),
        (200, "text/plain", b"\xff" * 100_000),
        (409, "text/plain", b"3\n"),
        (409, "text/x.tlog.size", b"many\n"),
        (409, "text/x.tlog.size", "²\n".encode()),
        (404, "text/plain", b""),
        (500, "text/plain", b""),
    ],
)
def test_an_answer_that_is_none(witness: Witness, answer: tuple[int, str, bytes]) -> None:
    witness.answer = answer
    with pytest.raises(WitnessError, match=r"the witness says|no cosignatures"):
        submit(witness.url, 0, [], note(3))


def test_a_witness_that_is_not_there() -> None:
    with Witness(("127.0.0.1", 0), Handler) as server:
        url = server.url
    with pytest.raises(OSError, match="refused"):
        submit(url, 0, [], note(3))
    for url in ("ftp://127.0.0.1/", "nothing", "http://"):
        with pytest.raises(WitnessError, match="is asked for"):
            submit(url, 0, [], note(3))


def test_the_command(witness: Witness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    LOG.write(Path("key"))
    chain = Chain.whole(5, epochs=6)
    ends = [i + 1 for i, line in enumerate(chain.lines) if line.startswith(b'{"seal":')]
    sign = ["audit", "checkpoint", "chain.log", "--name", NAME, "--key", "key", "-o", "note"]
    for size in (2, 5):
        Path("chain.log").write_bytes(b"".join(chain.lines[: ends[size - 1]]))
        assert main([*sign, "--witness", witness.url]) == 0
        assert witness.has[0] == size
    kept = Path("note").read_text()
    assert cosigned_at(kept.splitlines()[-1], kept, WITNESS_NAME, WITNESS.public.raw) == TIME
    assert Checkpoint.open(kept, LOG_KEY).size == 5
    # The disk is put back, the checkpoint that lay on it too: the witness knows better.
    Path("note").unlink()
    Path("chain.log").write_bytes(b"".join(chain.lines[: ends[2]]))
    assert main([*sign, "--witness", witness.url]) == 1
    assert not Path("note").exists()
    # A checkpoint that the witness was not shown is no hindrance.
    Path("chain.log").write_bytes(b"".join(chain.lines[: ends[5]]))
    assert main(sign) == 0
    Path("chain.log").write_bytes(chain.log)
    assert main([*sign, "--witness", witness.url]) == 0
    assert witness.has[0] == len(ends)
