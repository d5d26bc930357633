# SPDX-License-Identifier: Apache-2.0
"""The persister: every byte of the chain once, in order, whatever dies or fails when."""

from __future__ import annotations

import errno
import os
import random
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from blake3 import blake3

from pycoconut import abi
from pycoconut.daemon import persister as persister_module
from pycoconut.daemon import shards as shards_module
from pycoconut.daemon.persister import Persister
from pycoconut.daemon.shards import ShardError
from pycoconut.shard import NO_BOOT, NO_DIGEST, ShardHeader

BOOT = "ab" * 16
OTHER = "cd" * 16


def lines(first: int, count: int) -> bytes:
    """Records and, after every third, a seal, as chain.log has them; then a seal."""
    out = b""
    for seq in range(first, first + count):
        out += b'{"seq":%d,"boot":"%s","mac":"%064x"}\n' % (seq, BOOT.encode(), seq)
        if seq % 3 == 0:
            out += seal(seq)
    return out + seal(first + count - 1)


def seal(last: int, following: int = 1) -> bytes:
    """A seal's line; the last one of a boot where nothing is following."""
    return b'{"seal":0,"first":1,"last":%d,"count":1,"head":"%064x","next":"%064x"}\n' % (
        (last, last, following)
    )


class Chain:
    """A file in place of chain.log, and what was acknowledged."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.path = folder / "chain.log"
        self.acknowledged: list[int] = []
        self.closed = False
        self.links: list[tuple[bytes, int, bytes]] = []
        self.gaps: list[int] = []
        self.path.write_bytes(b"")
        self.figures(0)

    def figures(self, persisted: int) -> None:
        """Stands in for /agent/audit/stats."""
        (self.path.parent / "stats").write_text(f"lost 0\npersisted_seq {persisted}\n")

    def ioctl(self, _fd: int, number: int, argument: bytes = b"") -> int:
        """Stands in for the kernel's."""
        if number == abi.IOC_CLOSE:
            self.once(self.closed)
            self.closed = True
            self.grow(lines(50, 2))
        elif number == abi.IOC_PERSISTED:
            self.acknowledged.append(struct.unpack("<Q", argument)[0])
            self.figures(max(self.acknowledged))
        elif number == abi.IOC_GAP:
            self.once(self.gaps)
            self.gaps.append(struct.unpack("<Q", argument)[0])
        else:
            assert number == abi.IOC_LINK
            self.once(self.links)
            self.links.append(struct.unpack("<32sQ16s", argument))
        return 0

    def once(self, done: object) -> None:
        if done:
            raise OSError(errno.EALREADY, "again")

    def grow(self, data: bytes) -> None:
        """The kernel has more."""
        with self.path.open("ab") as file:
            file.write(data)


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A chain without records."""
    made = Chain(tmp_path / "audit")
    monkeypatch.setattr(persister_module.fcntl, "ioctl", made.ioctl)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the boot's shards are."""
    return tmp_path / "log" / BOOT


@pytest.fixture
def start(chain: Chain, folder: Path) -> Callable[[], Persister]:
    """Starts the persister, as the writer does, again and again."""
    return lambda: Persister(chain.path, folder.parent, BOOT)


def kept(folder: Path, after: tuple[str, str] = (NO_BOOT, NO_DIGEST)) -> bytes:
    """The kernel's bytes in all shards; each header is checked on the way."""
    out = b""
    for number, path in enumerate(sorted(folder.glob("*.jsonl"))):
        data = path.read_bytes()
        header, _, rest = data.partition(b"\n")
        assert ShardHeader.parse(header + b"\n") == ShardHeader(number, BOOT, len(out), *after)
        after = (BOOT, blake3(data).hexdigest())
        out += rest
    return out


def drain(persister: Persister) -> None:
    while persister.pump():
        pass


def test_takes_every_byte(chain: Chain, start: Callable[[], Persister], folder: Path) -> None:
    persister = start()
    for first in range(1, 100, 10):
        chain.grow(lines(first, 10))
        drain(persister)
    assert kept(folder) == chain.path.read_bytes()
    assert chain.acknowledged[-1] == 100
    assert chain.acknowledged == sorted(chain.acknowledged)
    assert not chain.links


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
def test_a_line_that_comes_in_pieces_is_one(
    chain: Chain,
    start: Callable[[], Persister],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    monkeypatch.setattr(persister_module, "READ_SIZE", size)
    monkeypatch.setattr(shards_module, "SHARD_MAX", 700)
    chain.grow(lines(1, 12))
    drain(start())
    assert kept(folder) == chain.path.read_bytes()
    assert chain.acknowledged[-1] == 12


def test_goes_on_from_what_was_acknowledged(
    chain: Chain, start: Callable[[], Persister], folder: Path
) -> None:
    """What is behind it may be in no page that reached the disk: it is written once more."""
    chain.grow(lines(1, 5))
    drain(start())
    (shard,) = folder.glob("*.jsonl")
    whole = shard.read_bytes()
    chain.figures(3)
    where = whole.index(seal(3)) + len(seal(3))
    shard.write_bytes(whole[:where] + b"\0" * (len(whole) - where))
    drain(start())
    assert shard.read_bytes() == whole


@pytest.mark.parametrize("missing", [False, True])
def test_what_the_kernel_forgot_is_trusted_or_told(
    chain: Chain, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, missing: bool
) -> None:
    """Nobody kept the log for so long that the kernel evicted what was not acknowledged."""
    chain.grow(lines(1, 12))
    said: list[str] = []
    drain(Persister(chain.path, folder.parent, BOOT, said.append))
    chain.figures(3)
    whole = chain.path.read_bytes()
    chain.grow(lines(13, 3))
    oldest = len(whole) + (len(lines(13, 3)) - len(seal(15)) if missing else 0)
    true_read = os.read

    def read(fd: int, size: int) -> bytes:
        if os.fstat(fd).st_ino == chain.path.stat().st_ino:
            os.lseek(fd, max(os.lseek(fd, 0, os.SEEK_CUR), oldest), os.SEEK_SET)
        return true_read(fd, size)

    monkeypatch.setattr(persister_module.os, "read", read)
    drain(Persister(chain.path, folder.parent, BOOT, said.append))
    found = b"".join(
        path.read_bytes().partition(b"\n")[2] for path in sorted(folder.glob("*.jsonl"))
    )
    assert found == whole + chain.path.read_bytes()[oldest:]
    assert len(list(folder.glob("*.jsonl"))) == 1 + missing
    assert [text for text in said if "gone before" in text] == said[: int(missing)]


def test_rotates_at_seals(
    chain: Chain, start: Callable[[], Persister], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards_module, "SHARD_MAX", 2000)
    monkeypatch.setattr(persister_module, "READ_SIZE", 500)
    persister = start()
    for first in range(1, 200, 20):
        chain.grow(lines(first, 20))
        drain(persister)
        persister = start()
    files = sorted(folder.glob("*.jsonl"))
    assert len(files) > 3
    assert kept(folder) == chain.path.read_bytes()
    for path, _ in pairwise(files):
        assert path.read_bytes().splitlines()[-1].startswith(b'{"seal":')
        assert path.stat().st_mode & 0o222 == 0


@pytest.mark.parametrize("torn", [b"", b'{"shard":1,"bo', b"\0" * 100])
def test_shard_without_header_is_made_anew(
    chain: Chain, start: Callable[[], Persister], folder: Path, torn: bytes
) -> None:
    chain.grow(lines(1, 3))
    drain(start())
    (folder / "0001.jsonl").write_bytes(torn)
    chain.grow(lines(4, 3))
    drain(start())
    assert kept(folder) == chain.path.read_bytes()


# ---- a disk that fails, and a writer that dies ----


class Killed(BaseException):
    """SIGKILL, at the moment of a system call."""


class Disk:
    """The system calls that change the disk, of which some fail; a write does a part before."""

    NAMES = ("write", "fsync", "open", "ftruncate", "fchmod", "close")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seed: int, rate: float) -> None:
        self.random = random.Random(seed)
        self.rate = rate
        self.failures = 0
        self.error: Callable[[], BaseException] = lambda: OSError(errno.ENOSPC, "full")
        self.true = {name: getattr(os, name) for name in self.NAMES}
        for name in self.NAMES:
            monkeypatch.setattr(shards_module.os, name, self.wrap(name))

    def wrap(self, name: str) -> Callable[..., object]:
        def call(*words: object, **more: object) -> object:
            if name != "close" and self.random.random() < self.rate:
                self.failures += 1
                self.fail(name, words)
            return self.true[name](*words, **more)

        return call

    def fail(self, name: str, words: tuple[object, ...]) -> None:
        if name == "write":
            fd, data = words
            assert isinstance(data, bytes | memoryview)
            self.true["write"](fd, bytes(data)[: self.random.randrange(len(data) + 1)])
        raise self.error()


def endure(chain: Chain, start: Callable[[], Persister], disk: Disk, error: type) -> None:
    """Start it again, and pump again, until all is taken."""
    running = None
    for _ in range(5000):
        try:
            running = running or start()
            if not running.pump():
                disk.rate = 0.0
                return
        except error:
            if error is Killed:
                running = None
    pytest.fail("it does not get on")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("error", [OSError, Killed])
def test_nothing_is_lost_or_twice_whatever_fails(
    chain: Chain,
    start: Callable[[], Persister],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    error: type,
) -> None:
    monkeypatch.setattr(shards_module, "SHARD_MAX", 1500)
    monkeypatch.setattr(persister_module, "READ_SIZE", 400)
    disk = Disk(monkeypatch, seed, 0.15)
    if error is Killed:
        disk.error = Killed
    for first in range(1, 80, 20):
        chain.grow(lines(first, 20))
        disk.rate = 0.15
        endure(chain, start, disk, error)
    assert disk.failures > 10
    assert kept(folder) == chain.path.read_bytes()
    assert chain.acknowledged[-1] == 80


def test_a_disk_that_is_full_is_told_and_comes_back(
    chain: Chain, start: Callable[[], Persister], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's place is behind what was only half written: it must go back."""
    persister = start()
    chain.grow(lines(1, 9))
    drain(persister)
    chain.grow(lines(10, 9))
    true_write = os.write
    with monkeypatch.context() as full:

        def write(fd: int, data: bytes) -> int:
            if len(data) > 100:
                return true_write(fd, bytes(data)[:100])
            raise OSError(errno.ENOSPC, "full")

        full.setattr(shards_module.os, "write", write)
        for _ in range(3):
            with pytest.raises(OSError, match="full"):
                persister.pump()
        assert chain.acknowledged[-1] == 9
    drain(persister)
    assert kept(folder) == chain.path.read_bytes()
    assert chain.acknowledged[-1] == 18


def test_no_acknowledgement_before_the_disk_has_it(
    chain: Chain, start: Callable[[], Persister], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync that failed says so once: the next one would call the lost pages durable."""
    persister = start()
    chain.grow(lines(1, 3))
    drain(persister)
    chain.grow(lines(4, 3))
    (shard,) = folder.glob("*.jsonl")
    durable = shard.read_bytes()
    with monkeypatch.context() as broken:

        def fsync(_fd: int) -> None:
            raise OSError(errno.EIO, "broken")

        broken.setattr(shards_module.os, "fsync", fsync)
        with pytest.raises(OSError, match="broken"):
            persister.pump()
    assert chain.acknowledged[-1] == 3
    shard.write_bytes(durable.ljust(shard.stat().st_size, b"\0"))
    drain(persister)
    assert kept(folder) == chain.path.read_bytes()


# ---- boots ----


def boot_before(folder: Path, body: bytes) -> str:
    """Shards of another boot, in two files; the digest of the last."""
    log = folder.parent
    (log / OTHER).mkdir(parents=True)
    (log / "boots").write_text(f"{OTHER}\n")
    first = ShardHeader(0, OTHER).line() + lines(1, 3)
    digest = blake3(first).hexdigest()
    last = ShardHeader(1, OTHER, len(lines(1, 3)), OTHER, digest).line() + body
    (log / OTHER / "0000.jsonl").write_bytes(first)
    (log / OTHER / "0001.jsonl").write_bytes(last)
    return blake3(last).hexdigest()


RECORD = b'{"seq":9,"boot":""}\n'


@pytest.mark.parametrize(
    ("body", "last", "gap"),
    [
        (lines(4, 4) + seal(7, 0), 7, None),
        (lines(4, 4), 7, 7),
        (lines(4, 4) + b'{"seq":8,"boot":""}\n' + RECORD, 7, 9),
        (lines(4, 4) + RECORD[:-3], 7, 7),
        (lines(4, 4) + seal(7, 0)[:-4], 7, 7),
        (lines(4, 4) + b"\0" * 512, 7, 7),
        (RECORD, 3, 9),
        (b"", 3, 3),
    ],
)
def test_names_the_boot_before_and_its_gap(
    chain: Chain,
    start: Callable[[], Persister],
    folder: Path,
    body: bytes,
    last: int,
    gap: int | None,
) -> None:
    digest = boot_before(folder, body)
    chain.grow(lines(1, 3))
    for _ in range(2):
        drain(start())
    assert chain.links == [(bytes.fromhex(f"{last:064x}"), last, bytes.fromhex(OTHER))]
    assert chain.gaps == ([] if gap is None else [gap])
    assert kept(folder, (OTHER, digest)) == chain.path.read_bytes()
    assert (folder.parent / "boots").read_text() == f"{OTHER}\n{BOOT}\n"


def test_boot_without_shards_is_passed_over(
    chain: Chain, start: Callable[[], Persister], folder: Path
) -> None:
    """Its power went before there was one, in the middle of writing down its name too."""
    boot_before(folder, lines(4, 4))
    (folder.parent / "boots").write_text(f"{OTHER}\n{'ef' * 16}\n{'01' * 8}")
    drain(start())
    assert chain.links[0][2] == bytes.fromhex(OTHER)
    assert (folder.parent / "boots").read_text().splitlines()[-1] == BOOT


def test_order_of_boots_is_not_that_of_clocks(
    chain: Chain, start: Callable[[], Persister], folder: Path
) -> None:
    boot_before(folder, lines(4, 4))
    third = folder.parent / ("ef" * 16)
    third.mkdir()
    (third / "0000.jsonl").write_bytes(ShardHeader(0, third.name).line() + lines(1, 2))
    (folder.parent / "boots").write_text(f"{OTHER}\n{third.name}\n")
    os.utime(third, (1, 1))
    drain(start())
    assert chain.links[0][2] == bytes.fromhex(third.name)


@pytest.mark.parametrize("boot", ["", "../../etc", "AB" * 16, "ab" * 15, "ab" * 16 + "/"])
def test_boot_id_is_no_path(chain: Chain, tmp_path: Path, boot: str) -> None:
    with pytest.raises(ShardError):
        Persister(chain.path, tmp_path / "log", boot)
    assert not (tmp_path / "log").exists()


def test_shard_of_another_boot_stops(
    chain: Chain, start: Callable[[], Persister], folder: Path
) -> None:
    folder.mkdir(parents=True)
    (folder / "0000.jsonl").write_bytes(ShardHeader(0, OTHER).line() + lines(1, 3))
    chain.grow(lines(1, 3))
    with pytest.raises(ShardError, match="no shard of boot"):
        start().pump()
    assert chain.acknowledged == []


def test_seal_that_is_none_stops(chain: Chain, start: Callable[[], Persister]) -> None:
    chain.grow(b'{"seal":1,"last":"x"}\n')
    with pytest.raises(ShardError):
        drain(start())
    assert chain.acknowledged == []


def test_end_keeps_the_final_seal(
    chain: Chain, start: Callable[[], Persister], folder: Path
) -> None:
    chain.grow(lines(1, 5))
    for _ in range(2):
        persister = start()
        persister.close_chain()
        drain(persister)
        persister.close()
    assert chain.closed
    assert chain.acknowledged[-1] == 51
    assert kept(folder) == chain.path.read_bytes()
