# SPDX-License-Identifier: Apache-2.0
"""Witnesses (https://c2sp.org/tlog-witness): who keeps checkpoints and refuses to go back.

A checkpoint is sent with the proof that it goes on from the last one that the witness has.
The answer is a cosignature (https://c2sp.org/tlog-cosignature): the witness saw it.
"""

from __future__ import annotations

import base64
import http.client
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import urlsplit

from ..errors import CoconutError
from ..keys import verify
from .note import SIGNATURE, NoteError, decode_base64

__all__ = ["Conflict", "WitnessError", "cosigned_at", "submit"]

ANSWER_MAX = 1 << 16
TIMEOUT = 30
STAMP_SIZE = 8


class WitnessError(CoconutError):
    """A witness that cannot be asked, or says no."""


class Conflict(WitnessError):
    """The witness has another checkpoint than was thought.

    Attributes:
        size: Seals of that.
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"the witness has a checkpoint of {size} seals")
        self.size = size


def submit(url: str, old: int, proof: Sequence[bytes], note: str) -> list[str]:
    """Sends a checkpoint; returns the lines of the cosignatures.

    Args:
        url: Of the witness; /add-checkpoint is put behind it.
        old: Seals of the checkpoint that the witness has; 0: none.
        proof: That the new one goes on from there.
        note: The new checkpoint.

    Raises:
        Conflict: The witness has another.
        WitnessError: It says no, or gives no answer that is one.
        OSError: It cannot be reached.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WitnessError(f"{url}: http://HOST or https://HOST is asked for")
    steps = [base64.b64encode(step).decode() for step in proof]
    body = "\n".join([f"old {old}", *steps, "", note])
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=TIMEOUT)
    try:
        connection.request("POST", parts.path.rstrip("/") + "/add-checkpoint", body.encode())
        answer = connection.getresponse()
        text = answer.read(ANSWER_MAX + 1).decode("utf-8", "replace")
        media = answer.getheader("Content-Type", "")
    except http.client.HTTPException as error:
        raise WitnessError(f"{url}: no answer that is one: {error!r}") from None
    finally:
        connection.close()
    return _answer(url, answer.status, media, text)


def _answer(url: str, status: int, media: str, text: str) -> list[str]:
    size = text.strip()
    if status == 409 and media == "text/x.tlog.size" and size.isascii() and size.isdigit():
        raise Conflict(int(size[:18]))
    lines = text.split("\n")
    if status != 200 or len(text) > ANSWER_MAX or lines.pop():
        raise WitnessError(f"{url}: the witness says {status}")
    if not lines or not all(SIGNATURE.fullmatch(line) for line in lines):
        raise WitnessError(f"{url}: no cosignatures in the answer")
    return lines


def cosigned_at(line: str, note: str, name: str, public: bytes) -> int:
    """When a witness saw a checkpoint: seconds since 1970, by its own clock.

    Args:
        line: Cosignature, of cosignature/v1.
        note: The checkpoint.
        name: Of the witness.
        public: Its key, 32 bytes.

    Raises:
        NoteError: It is not a cosignature by this witness of this checkpoint.
    """
    match = SIGNATURE.fullmatch(line)
    data = decode_base64(match[2]) if match else b""
    if match is None or match[1] != name or len(data) != 4 + STAMP_SIZE + 64:
        raise NoteError("no cosignature of that witness")
    seconds = int.from_bytes(data[4 : 4 + STAMP_SIZE], "big")
    text = note.rpartition("\n\n")[0] + "\n"
    message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
    if data[:4] != _key_id(name, public) or not verify(public, message, data[4 + STAMP_SIZE :]):
        raise NoteError(f"the cosignature of {name} is wrong")
    return seconds


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n\x04" + public).digest()[:4]
