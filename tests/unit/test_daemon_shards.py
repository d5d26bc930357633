# SPDX-License-Identifier: Apache-2.0
"""The persister: every byte of the chain once, in order, whatever dies when."""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from blake3 import blake3

from pycoconut import abi
from pycoconut.daemon import shards
from pycoconut.daemon.shards import Persister, ShardError, last_seal
from pycoconut.shard import NO_BOOT, NO_DIGEST, ShardHeader

BOOT = "ab" * 16


def lines(first: int, count: int) -> bytes:
    """Records and, after every third, a seal, as chain.log has them; then a seal."""
    out = b""
    for seq in range(first, first + count):
        out += b'{"seq":%d,"boot":"%s","mac":"%064x"}\n' % (seq, BOOT.encode(), seq)
        if seq % 3 == 0:
            out += seal(seq)
    return out + seal(first + count - 1)


def seal(last: int) -> bytes:
    """A seal's line."""
    return b'{"seal":0,"first":1,"last":%d,"count":1,"root":"","head":"%064x"}\n' % (last, last)


class Chain:
    """A file in place of chain.log, and what was acknowledged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.acknowledged: list[int] = []
        self.closed = False
        self.links: list[tuple[bytes, int, bytes]] = []
        path.write_bytes(b"")

    def ioctl(self, _fd: int, number: int, argument: bytes = b"") -> int:
        """Stands in for the kernel's."""
        if number == abi.IOC_CLOSE:
            if self.closed:
                raise OSError(errno.EALREADY, "closed")
            self.closed = True
            self.grow(lines(50, 2))
        elif number == abi.IOC_PERSISTED:
            self.acknowledged.append(struct.unpack("<Q", argument)[0])
        else:
            assert number == abi.IOC_LINK
            self.links.append(struct.unpack("<32sQ16s", argument))
        return 0

    def grow(self, data: bytes) -> None:
        """The kernel has more."""
        with self.path.open("ab") as file:
            file.write(data)


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A chain without records."""
    made = Chain(tmp_path / "chain.log")
    monkeypatch.setattr(shards.fcntl, "ioctl", made.ioctl)
    return made


@pytest.fixture
def start(chain: Chain, tmp_path: Path) -> Callable[[], Persister]:
    """Starts the persister, as the daemon does, again and again."""
    return lambda: Persister(chain.path, tmp_path / "log" / BOOT, BOOT)


def kept(folder: Path) -> bytes:
    """The kernel's bytes in all shards; each header is checked on the way."""
    out, before = b"", (NO_BOOT, NO_DIGEST)
    for number, path in enumerate(sorted(folder.glob("*.jsonl"))):
        data = path.read_bytes()
        header, _, rest = data.partition(b"\n")
        assert ShardHeader.parse(header + b"\n") == ShardHeader(number, BOOT, len(out), *before)
        before = (BOOT, blake3(data).hexdigest())
        out += rest
    return out


def drain(persister: Persister) -> None:
    while persister.pump():
        pass


def test_takes_every_byte(chain: Chain, start: Callable[[], Persister]) -> None:
    persister = start()
    for first in range(1, 100, 10):
        chain.grow(lines(first, 10))
        drain(persister)
    assert kept(persister.folder) == chain.path.read_bytes()
    assert chain.acknowledged[-1] == 100
    assert chain.acknowledged == sorted(chain.acknowledged)


def test_acknowledges_only_what_is_sealed(chain: Chain, start: Callable[[], Persister]) -> None:
    persister = start()
    chain.grow(b'{"seq":1}\n{"seq":2}\n')
    drain(persister)
    assert chain.acknowledged == []
    chain.grow(seal(2)[:20])
    drain(persister)
    assert chain.acknowledged == []
    chain.grow(seal(2)[20:])
    drain(persister)
    assert chain.acknowledged == [2]


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_goes_on_after_dying_anywhere(
    chain: Chain, start: Callable[[], Persister], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A new daemon for every few bytes: nothing twice, nothing left out."""
    monkeypatch.setattr(shards, "READ_SIZE", size)
    chain.grow(lines(1, 4 if size == 1 else 20))
    whole = chain.path.read_bytes()
    for _ in range(len(whole) // size + 2):
        start().pump()
    assert kept(start().folder) == whole


def test_acknowledges_again_after_dying_before(
    chain: Chain, start: Callable[[], Persister]
) -> None:
    chain.grow(lines(1, 5))
    drain(start())
    chain.acknowledged.clear()
    start()
    assert chain.acknowledged == [5]


def test_rotates_at_seals(
    chain: Chain, start: Callable[[], Persister], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_MAX", 2000)
    monkeypatch.setattr(shards, "READ_SIZE", 500)
    persister = start()
    for first in range(1, 200, 20):
        chain.grow(lines(first, 20))
        drain(persister)
        persister = start()
    files = sorted(persister.folder.glob("*.jsonl"))
    assert len(files) > 3
    assert kept(persister.folder) == chain.path.read_bytes()
    for path, _ in pairwise(files):
        assert path.read_bytes().splitlines()[-1].startswith(b'{"seal":')
        assert path.stat().st_mode & 0o222 == 0


def test_shard_without_header_is_made_anew(chain: Chain, start: Callable[[], Persister]) -> None:
    persister = start()
    chain.grow(lines(1, 3))
    drain(persister)
    (persister.folder / "0001.jsonl").write_bytes(b'{"shard":1,"bo')
    chain.grow(lines(4, 3))
    drain(start())
    assert kept(persister.folder) == chain.path.read_bytes()


def test_link_names_the_boot_before(chain: Chain, start: Callable[[], Persister]) -> None:
    persister = start()
    chain.grow(lines(1, 7))
    drain(persister)
    found = last_seal(persister.folder)
    assert found == (f"{7:064x}", 7)
    persister.link(*found, BOOT)
    assert chain.links == [(bytes.fromhex(f"{7:064x}"), 7, bytes.fromhex(BOOT))]


@pytest.mark.parametrize("boot", ["", "../../etc", "AB" * 16, "ab" * 15, "ab" * 16 + "/"])
def test_boot_id_is_no_path(chain: Chain, tmp_path: Path, boot: str) -> None:
    with pytest.raises(ShardError):
        Persister(chain.path, tmp_path / "log", boot)
    assert not (tmp_path / "log").exists()


def test_seal_that_is_none_stops(chain: Chain, start: Callable[[], Persister]) -> None:
    persister = start()
    chain.grow(b'{"seal":1,"last":"x"}\n')
    with pytest.raises(ShardError):
        drain(persister)
    assert chain.acknowledged == []


def test_end_keeps_the_final_seal(chain: Chain, start: Callable[[], Persister]) -> None:
    persister = start()
    chain.grow(lines(1, 5))
    persister.end()
    assert chain.closed
    assert chain.acknowledged[-1] == 51
    assert kept(persister.folder) == chain.path.read_bytes()
    start().end()
    assert kept(persister.folder) == chain.path.read_bytes()
