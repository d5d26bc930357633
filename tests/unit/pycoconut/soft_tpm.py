# SPDX-License-Identifier: Apache-2.0
"""swtpm, spoken to without a kernel: what the kernel tells a TPM is told here."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from pathlib import Path

from pycoconut import abi
from pycoconut.tpm import Device
from pycoconut.tpm.wire import Alg, sized, u16, u32

__all__ = ["SoftTpm"]

RH_OWNER = 0x40000001
CC_PCR_EXTEND, CC_NV_DEFINE_SPACE, CC_NV_INCREMENT = 0x182, 0x12A, 0x134
CC_NV_UNDEFINE_SPACE = 0x122
COUNTER_ATTRIBUTES = 0x02040014


class SoftTpm(Device):
    """A new TPM, which ends with close()."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tpm-")
        self._start()

    def _start(self) -> None:
        place = Path(self._folder.name)
        self._process = subprocess.Popen(
            [
                *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={place}"),
                *("--server", f"type=unixio,path={place}/data"),
                *("--ctrl", f"type=unixio,path={place}/control"),
                *("--flags", "not-need-init,startup-clear"),
            ]
        )
        self._socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + 60
        # The file is there a moment before anybody listens.
        while self._socket.connect_ex(str(place / "data")):
            assert self._process.poll() is None, "swtpm does not start"
            assert time.monotonic() < end, "swtpm does not start"
            time.sleep(0.02)
        self._fd = self._socket.fileno()

    def _stop(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()
        for name in ("data", "control"):
            (Path(self._folder.name) / name).unlink(missing_ok=True)

    def reset(self) -> None:
        """Power off and on: the PCRs are zero again, indices are what they were."""
        self._stop()
        self._start()

    def close(self) -> None:
        self._stop()
        self._folder.cleanup()

    @property
    def fd(self) -> int:
        """The socket, for a program that speaks to the TPM in our place."""
        return self._socket.fileno()

    def undefine(self, index: int) -> None:
        """As its owner."""
        self._send(CC_NV_UNDEFINE_SPACE, [RH_OWNER, index], b"", passwords=1)

    def extend(self, digest: bytes, pcr: int = abi.TPM_PCR) -> None:
        """As the kernel does with each head."""
        self._send(CC_PCR_EXTEND, [pcr], u32(1) + u16(Alg.SHA256) + digest, passwords=1)

    def define(self, index: int, attributes: int, size: int, policy: bytes = b"") -> None:
        """As its owner."""
        public = u32(index) + u16(Alg.SHA256) + u32(attributes) + sized(policy) + u16(size)
        self._send(CC_NV_DEFINE_SPACE, [RH_OWNER], sized(b"") + sized(public), passwords=1)

    def count(self, index: int = abi.TPM_NV_COUNTER, attributes: int = COUNTER_ATTRIBUTES) -> None:
        """A counter, counted up to 1 or what is more than any that was there before."""
        self.define(index, attributes, 8)
        self.increment(index)

    def increment(self, index: int = abi.TPM_NV_COUNTER) -> None:
        self._send(CC_NV_INCREMENT, [index, index], b"", passwords=1)
