# SPDX-License-Identifier: Apache-2.0
"""The chain is closed once, for good, and no agent acts after it. Runs in a guest, as root.

Nothing comes after it in this boot, hence a file of its own.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from pathlib import Path

import pytest

from pycoconut import audit, syscalls
from pycoconut.abi import IOC_CLOSE
from pycoconut.agentfs import AgentFs
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest

LOG = Path("/agent/audit/chain.log")
REQUEST = parse("svc:tool:web_fetch:use").encode()


@pytest.fixture(scope="module")
def manifest() -> bytes:
    key = SecretKey.make("test-close")
    AgentFs().add_authorizer(PublicKey(key.public.raw, "test-close"))
    return Manifest("close-test", "tests", capabilities=(parse("svc:tool:*:use"),)).sign(key)


def ticking_agent(manifest: bytes) -> tuple[int, int]:
    """A process of a new agent that asks for a decision again and again, and a pipe that
    gets a byte after each."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            syscalls.spawn(manifest, enter=True)
            while True:
                syscalls.cap_present(0, REQUEST)
                os.write(writer, b".")
        finally:
            os._exit(1)
    os.close(writer)
    return pid, reader


def ticks(reader: int, seconds: float) -> int:
    """Decisions in so many seconds."""
    os.set_blocking(reader, False)
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        try:
            count += len(os.read(reader, 1 << 16))
        except BlockingIOError:
            time.sleep(0.01)
    return count


def test_only_a_keeper_may_close() -> None:
    fd = os.open(LOG, os.O_RDONLY)
    with pytest.raises(OSError, match="Bad file descriptor"):
        fcntl.ioctl(fd, IOC_CLOSE)
    os.close(fd)


def test_close(manifest: bytes, tmp_path: Path) -> None:
    pid, reader = ticking_agent(manifest)
    assert ticks(reader, 0.5) > 0

    keeper = os.open(LOG, os.O_RDWR)
    fcntl.ioctl(keeper, IOC_CLOSE)
    # What was decided before the close is in flight still; then it is quiet.
    ticks(reader, 0.2)
    assert ticks(reader, 1.0) == 0, "an agent acts after the final seal"

    lines = LOG.read_bytes().splitlines(True)
    seal = audit.Seal.parse(lines[-1])
    last = audit.Record.parse(next(ln for ln in reversed(lines) if ln.startswith(b'{"seq"')))
    assert seal.final
    assert (last.event.name, last.object, last.seq) == ("SHUTDOWN", b"close", seal.last)

    kept = tmp_path / "log.jsonl"
    kept.write_bytes(b"".join(lines))
    key = audit.Record.parse(lines[0]).object[:32]
    report = audit.verify([kept], keys=[key])
    assert report.verdict is audit.Verdict.INTACT, report.boots[0].reasons
    assert report.boots[0].final

    with pytest.raises(OSError, match="already"):
        fcntl.ioctl(keeper, IOC_CLOSE)
    os.close(keeper)

    os.kill(pid, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
