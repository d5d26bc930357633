# SPDX-License-Identifier: Apache-2.0
"""keep.py OUT: keeps chain.log in a file until the machine is off, as the daemon does."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import sys

from pycoconut.abi import IOC_PERSISTED
from pycoconut.audit import Seal

LOG = "/agent/audit/chain.log"
MARK = b'{"seal":'


def main(out: str) -> None:
    log = os.open(LOG, os.O_RDWR)
    kept = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    poll = select.poll()
    poll.register(log, select.POLLIN)
    rest = b""
    while True:
        poll.poll()
        data = os.read(log, 1 << 20)
        os.write(kept, data)
        *lines, rest = (rest + data).split(b"\n")
        seals = [line for line in lines if line.startswith(MARK)]
        if seals:
            os.fsync(kept)
            last = Seal.parse(seals[-1] + b"\n").last
            fcntl.ioctl(log, IOC_PERSISTED, struct.pack("=Q", last))


if __name__ == "__main__":
    main(sys.argv[1])
