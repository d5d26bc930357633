# SPDX-License-Identifier: Apache-2.0
"""Commands to the TPM, through the kernel's resource manager."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import CoconutError
from .wire import Alg, Reader, pcr_selection, sized, u16, u32

__all__ = ["DEVICE", "KEY_ATTRIBUTES", "KEY_FORM", "Device", "TpmError"]

DEVICE = Path("/dev/tpmrm0")
RESPONSE_MAX = 4096
RC_RETRY, RETRIES, RETRY_PAUSE = 0x922, 50, 0.02
"""The TPM is busy with something else, and wants to be asked again."""

ST_NO_SESSIONS, ST_SESSIONS = 0x8001, 0x8002
RH_ENDORSEMENT, RS_PW = 0x4000000B, 0x40000009
CC_CREATE_PRIMARY, CC_NV_CERTIFY = 0x131, 0x184
CC_QUOTE, CC_FLUSH_CONTEXT = 0x158, 0x165

#: fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign.
KEY_ATTRIBUTES = 0x00050072
#: What comes after the attributes of the key that signs: no policy, ECDSA with SHA-256, P-256.
KEY_FORM = u16(0) + u16(Alg.NULL) + u16(Alg.ECDSA) + u16(Alg.SHA256) + u16(0x0003) + u16(Alg.NULL)
_NO_PASSWORD = u32(RS_PW) + u16(0) + b"\x00" + u16(0)


class TpmError(CoconutError):
    """There is no TPM, or it says no."""


class Device:
    """The TPM, opened: a command is one write, its response one read."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def open(cls, path: Path = DEVICE) -> Device:
        """Opens the machine's.

        Raises:
            TpmError: There is none.
            OSError: It cannot be opened.
        """
        try:
            return cls(os.open(path, os.O_RDWR | os.O_CLOEXEC))
        except FileNotFoundError:
            raise TpmError(
                f"{path} is not there: this machine has no TPM 2",
                hint="the chain is not anchored; checkpoints with a witness do without a TPM",
            ) from None

    def close(self) -> None:
        os.close(self._fd)

    def _send(
        self, code: int, handles: Sequence[int], parameters: bytes, passwords: int = 0
    ) -> Reader:
        """The response, after its header.

        Raises:
            TpmError: The TPM says no, or does not answer.
        """
        body = b"".join(map(u32, handles))
        if passwords:
            body += u32(len(_NO_PASSWORD) * passwords) + _NO_PASSWORD * passwords
        body += parameters
        tag = ST_SESSIONS if passwords else ST_NO_SESSIONS
        command = u16(tag) + u32(10 + len(body)) + u32(code) + body
        for _ in range(RETRIES):
            reader, status = self._ask(command)
            if status != RC_RETRY:
                break
            time.sleep(RETRY_PAUSE)
        if status:
            raise TpmError(f"the TPM says no to command {code:#x}: code {status:#x}")
        return reader

    def _ask(self, command: bytes) -> tuple[Reader, int]:
        try:
            os.write(self._fd, command)
            response = os.read(self._fd, RESPONSE_MAX)
        except OSError as error:
            raise TpmError(f"the TPM does not answer: {error.strerror}") from error
        reader = Reader(response, "the TPM's answer")
        reader.take(6)
        return reader, reader.number(4)

    @contextmanager
    def signing_key(self) -> Iterator[tuple[int, bytes]]:
        """The key that this machine quotes with: its handle and its TPMT_PUBLIC.

        It is made of the endorsement seed each time, and is each time the same.

        Raises:
            TpmError: It cannot be made.
        """
        public = u16(Alg.ECC) + u16(Alg.SHA256) + u32(KEY_ATTRIBUTES) + KEY_FORM + sized(b"") * 2
        no_secret = sized(sized(b"") + sized(b""))
        answer = self._send(
            CC_CREATE_PRIMARY,
            [RH_ENDORSEMENT],
            no_secret + sized(public) + sized(b"") + u32(0),
            passwords=1,
        )
        handle = answer.number(4)
        answer.take(4)
        try:
            yield handle, answer.sized(RESPONSE_MAX)
        finally:
            self._send(CC_FLUSH_CONTEXT, [handle], b"")

    def _signed(self, answer: Reader) -> tuple[bytes, bytes]:
        """TPMS_ATTEST and TPMT_SIGNATURE."""
        size = answer.number(4)
        attest = answer.sized(RESPONSE_MAX)
        return attest, answer.take(size - 2 - len(attest))

    def quote(self, key: int, nonce: bytes, pcr: int) -> tuple[bytes, bytes]:
        """What a PCR is, signed.

        Raises:
            TpmError: The TPM says no.
        """
        parameters = sized(nonce) + u16(Alg.NULL) + pcr_selection(pcr)
        return self._signed(self._send(CC_QUOTE, [key], parameters, passwords=1))

    def certify(self, key: int, nonce: bytes, index: int, size: int) -> tuple[bytes, bytes]:
        """What an index holds, signed.

        Raises:
            TpmError: The TPM says no.
        """
        parameters = sized(nonce) + u16(Alg.NULL) + u16(size) + u16(0)
        handles = [key, index, index]
        return self._signed(self._send(CC_NV_CERTIFY, handles, parameters, passwords=2))
