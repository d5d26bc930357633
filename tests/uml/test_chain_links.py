# SPDX-License-Identifier: Apache-2.0
"""The boot before is named once, and so is what is missing of it. Runs in a guest, as root.

It can be done once in a boot, hence a file of its own.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pycoconut.abi import IOC_GAP, IOC_LINK, Event
from pycoconut.audit import Record
from tests.uml.inside import failure

LOG = Path("/agent/audit/chain.log")
HEAD, BOOT = bytes(range(32)), bytes(range(16))
LINK = struct.pack("<32sQ16s", HEAD, 41, BOOT)


@pytest.fixture
def log() -> Iterator[int]:
    fd = os.open(LOG, os.O_RDWR)
    yield fd
    os.close(fd)


def records(event: Event) -> list[Record]:
    lines = LOG.read_bytes().splitlines(True)
    found = [Record.parse(line) for line in lines if line.startswith(b'{"seq"')]
    return [record for record in found if record.event == event]


def test_link_and_gap_are_said_once(log: int) -> None:
    assert failure(lambda: fcntl.ioctl(log, IOC_GAP, struct.pack("<Q", 44))) == errno.EINVAL
    assert failure(lambda: fcntl.ioctl(log, IOC_LINK, LINK)) == 0
    assert failure(lambda: fcntl.ioctl(log, IOC_LINK, LINK)) == errno.EALREADY
    assert failure(lambda: fcntl.ioctl(log, IOC_GAP, struct.pack("<Q", 44))) == 0
    assert failure(lambda: fcntl.ioctl(log, IOC_GAP, struct.pack("<Q", 45))) == errno.EALREADY
    while not records(Event.GAP):
        time.sleep(0.01)
    (link,), (gap,) = records(Event.LINK), records(Event.GAP)
    assert link.object.decode() == f"{BOOT.hex()}:41:{HEAD.hex()}"
    assert (gap.object, gap.result, gap.seq) == (b"44", -errno.ENODATA, link.seq + 1)


def test_only_the_keeper_says_so() -> None:
    fd = os.open(LOG, os.O_RDONLY)
    assert failure(lambda: fcntl.ioctl(fd, IOC_GAP, struct.pack("<Q", 1))) == errno.EBADF
    assert failure(lambda: fcntl.ioctl(fd, IOC_LINK, LINK)) == errno.EBADF
    os.close(fd)
