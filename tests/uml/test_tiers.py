# SPDX-License-Identifier: Apache-2.0
"""Memory tiers without a second node: the spill volume, budgets, and ways around them.

Runs in a guest, as root. tests/guest/tiers has the nodes.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import signal
import struct
import subprocess
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut import abi, syscalls
from pycoconut.abi import QuotaKind, Tier, TierOp
from tests.uml.inside import FS, Inside, Make, failure, forked, lines, settle, until
from tests.uml.tiered import MIB, Memory, mapped, spill_volume, used
from tests.uml.wire import KEY, PAGE, libc, signed

MEM = ("mem:ssd/16777216:use", "mem:ram/16777216:use", "agent:children/0:spawn")
SSD = QuotaKind.SSD
MREMAP_MAYMOVE = 1
CAP_IPC_LOCK = 14


@pytest.fixture(scope="module", autouse=True)
def authorizer() -> None:
    FS.add_authorizer(KEY.public)


@pytest.fixture(autouse=True)
def volume(tmp_path: Path) -> Iterator[Path]:
    with spill_volume(tmp_path) as at:
        yield at


@pytest.fixture(name="signed")
def what_agents_are() -> bytes:
    return signed(*MEM, quotas={SSD: 8 * MIB})


def pattern(length: int) -> bytes:
    return array("Q", range(length // 8)).tobytes()


def waits() -> None:
    signal.pause()


# ---- where memory is ----


def test_contents_survive_the_disk() -> None:
    memory = mapped(Tier.SSD)
    data = pattern(memory.length)
    memory.fill(data)
    assert memory.query(Tier.RAM) == memory.length
    for _ in range(3):
        assert memory.do(TierOp.DEMOTE, Tier.SSD) == memory.length
        assert memory.query(Tier.RAM) == 0
        assert memory.do(TierOp.PROMOTE, Tier.RAM) == memory.length
        assert memory.query(Tier.SSD) == 0
        assert memory[:] == data
    memory.unmap()


def test_a_part_is_moved_and_no_more() -> None:
    memory = mapped(Tier.SSD)
    memory.fill(pattern(memory.length))
    assert memory.part(64 * PAGE, 32 * PAGE).do(TierOp.MOVE, Tier.SSD) == 32 * PAGE
    assert memory.query(Tier.SSD) == 32 * PAGE
    assert memory.part(64 * PAGE, 32 * PAGE).query(Tier.RAM) == 0
    memory.unmap()


def test_what_is_written_to_meanwhile_is_not_lost() -> None:
    """A child counts in every page of the memory while it is moved back and forth."""
    memory = mapped(Tier.SSD, 32 * PAGE)
    child = os.fork()
    if child == 0:
        cells = [ctypes.c_uint64.from_address(memory.address + i * PAGE) for i in range(32)]
        for _ in range(300):
            for cell in cells:
                cell.value += 1
        os._exit(0)
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        memory.do(TierOp.DEMOTE, Tier.SSD)
        memory.do(TierOp.PROMOTE, Tier.RAM)
    data = memory[:]
    assert [struct.unpack_from("Q", data, i * PAGE)[0] for i in range(32)] == [300] * 32
    memory.unmap()


def test_memory_without_a_place_on_the_volume_stays_memory() -> None:
    memory = mapped(Tier.RAM)
    assert memory.query(Tier.RAM) == 0
    memory.fill(b"x" * PAGE)
    assert memory.query(Tier.RAM) == PAGE
    assert memory.do(TierOp.DEMOTE, Tier.RAM) == PAGE
    assert memory.do(TierOp.MOVE, Tier.RAM) == memory.length
    assert failure(lambda: memory.do(TierOp.DEMOTE, Tier.SSD)) == errno.EOPNOTSUPP
    assert memory.query(Tier.RAM) == memory.length
    memory.unmap()


def test_a_full_volume_is_met_when_memory_is_mapped(volume: Path) -> None:
    before = os.statvfs(volume).f_bfree
    assert failure(lambda: mapped(Tier.SSD, 256 * MIB)) == errno.ENOSPC
    until(lambda: os.statvfs(volume).f_bfree == before)
    assert os.listdir(volume) == ["lost+found"]


def test_a_volume_that_fails(tmp_path: Path) -> None:
    """A disk whose image cannot grow takes a part of what is written, and that is told."""
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16M", "tmpfs", str(small)], check=True)
    with spill_volume(small):
        memory = mapped(Tier.SSD, 24 * MIB)
        memory.fill(pattern(memory.length))
        assert failure(lambda: memory.do(TierOp.DEMOTE, Tier.SSD)) == errno.EIO
        assert memory.query(Tier.SSD) < memory.length
        memory.unmap()
    subprocess.run(["umount", str(small)], check=True)


def test_the_first_version_of_the_structure_is_known() -> None:
    """A program that was built before there was an eventfd."""
    first = abi.MIN_SIZES[abi.MemoryTierArgs]
    args = abi.MemoryTierArgs(magic=abi.MAGIC, tier=Tier.RAM, op=TierOp.MAP, length=MIB)
    assert first < ctypes.sizeof(args)
    syscalls.call("agent_memory_tier", args, first)
    Memory(args.address, MIB).unmap()
    assert failure(lambda: syscalls.call("agent_memory_tier", args, first - 1)) == errno.EINVAL


# ---- pinning ----


@pytest.fixture
def group() -> Iterator[Path]:
    """A cgroup whose memory can be reclaimed."""
    top = Path("/sys/fs/cgroup")
    (top / "cgroup.subtree_control").write_text("+memory")
    (top / "tiers").mkdir()
    yield top / "tiers"
    until(lambda: "populated 0" in (top / "tiers/cgroup.events").read_text())
    (top / "tiers").rmdir()


def reclaim(group: Path) -> None:
    """Asks for more than there is, so that all that can be had is taken."""
    assert failure(lambda: (group / "memory.reclaim").write_text("64M")) == errno.EAGAIN


def test_what_is_pinned_stays(group: Path) -> None:
    def body() -> None:
        (group / "cgroup.procs").write_text("0")
        memory = mapped(Tier.SSD)
        assert memory.do(TierOp.PIN, Tier.RAM) == memory.length
        assert failure(lambda: memory.do(TierOp.DEMOTE, Tier.SSD)) == errno.EBUSY
        assert failure(lambda: memory.do(TierOp.PIN, Tier.RAM)) == errno.EBUSY
        reclaim(group)
        assert memory.query(Tier.RAM) == memory.length
        memory.do(TierOp.UNPIN, Tier.RAM)
        reclaim(group)
        assert memory.query(Tier.RAM) == 0

    assert forked(body) == 0


def without_locking() -> None:
    """Root, but without the right to lock as much memory as it likes."""
    header = struct.pack("Ii", 0x20080522, 0)
    data = ctypes.create_string_buffer(24)
    assert libc.capget(header, data) == 0
    sets = list(struct.unpack("6I", data.raw))
    sets[0] &= ~(1 << CAP_IPC_LOCK)
    assert libc.capset(header, struct.pack("6I", *sets)) == 0


def pin_two() -> None:
    """Pins as much as may be locked, and no more."""
    first, second = mapped(Tier.SSD, 2 * MIB), mapped(Tier.SSD, 2 * MIB)
    first.do(TierOp.PIN, Tier.RAM)
    assert failure(lambda: second.do(TierOp.PIN, Tier.RAM)) == errno.ENOMEM
    first.unmap()
    second.unmap()


def test_what_is_pinned_counts_as_locked() -> None:
    def body() -> None:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (3 * MIB, 3 * MIB))
        without_locking()
        syscalls.spawn(signed(*MEM), enter=True)
        pin_two()
        pin_two()  # what the first took has been given back

    assert forked(body) == 0


# ---- in the background ----


def eventfd() -> int:
    return os.eventfd(0, os.EFD_NONBLOCK)


def counted(event: int) -> int:
    try:
        return os.eventfd_read(event)
    except BlockingIOError:
        return 0


def test_a_move_in_the_background_tells_when_it_is_over() -> None:
    memory, event = mapped(Tier.SSD, 4 * MIB), eventfd()
    memory.fill(pattern(memory.length))
    memory.do(TierOp.DEMOTE, Tier.SSD, event)
    until(lambda: counted(event) == 1)
    assert memory.query(Tier.SSD) == memory.length
    memory.do(TierOp.PROMOTE, Tier.RAM, event)
    until(lambda: counted(event) == 1)
    assert memory.query(Tier.RAM) == memory.length
    assert memory[:] == pattern(memory.length)
    memory.unmap()
    os.close(event)


def test_another_eventfd_in_its_place_hears_nothing() -> None:
    memory, event, other = mapped(Tier.SSD, 4 * MIB), eventfd(), eventfd()
    kept = os.dup(event)
    memory.fill(pattern(memory.length))
    memory.do(TierOp.DEMOTE, Tier.SSD, event)
    os.dup2(other, event)
    until(lambda: counted(kept) == 1)
    assert counted(other) == 0
    memory.unmap()
    for descriptor in (event, other, kept):
        os.close(descriptor)


def test_one_move_at_a_time_in_the_background() -> None:
    memory, event = mapped(Tier.SSD, 8 * MIB), eventfd()
    codes = []
    for _ in range(50):
        memory.fill(pattern(memory.length))
        codes.append(failure(lambda: memory.do(TierOp.DEMOTE, Tier.SSD, event)))
        codes.append(failure(lambda: memory.do(TierOp.DEMOTE, Tier.SSD, event)))
        if errno.EBUSY in codes:
            break
    assert set(codes) == {0, errno.EBUSY}
    total = 0

    def all_told() -> bool:
        nonlocal total
        total += counted(event)
        return total == codes.count(0)

    until(all_told)
    memory.unmap()
    os.close(event)


# ---- whose memory it is ----


def test_other_memory_is_not_moved() -> None:
    kind = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    at = libc.mmap(None, ctypes.c_size_t(MIB), 3, kind, -1, ctypes.c_long(0))
    ordinary = Memory(at, MIB)
    assert failure(lambda: ordinary.query(Tier.RAM)) == errno.EFAULT
    assert failure(lambda: Memory(PAGE, PAGE).do(TierOp.MOVE, Tier.RAM)) == errno.EFAULT


def test_two_mappings_are_not_one() -> None:
    first = mapped(Tier.RAM)
    first.part(MIB // 2, MIB // 2).unmap()
    assert failure(lambda: first.do(TierOp.MOVE, Tier.RAM)) == errno.EFAULT
    assert first.part(0, MIB // 2).do(TierOp.MOVE, Tier.RAM) == MIB // 2
    first.part(0, MIB // 2).unmap()


def test_a_mapping_that_came_apart_is_one() -> None:
    memory = mapped(Tier.RAM)
    half = ctypes.c_void_p(memory.address + MIB // 2)
    assert libc.mprotect(half, ctypes.c_size_t(MIB // 2), mmap.PROT_READ) == 0
    assert memory.do(TierOp.MOVE, Tier.RAM) == MIB
    memory.unmap()


def test_a_longer_mapping_is_not_more_memory() -> None:
    memory = mapped(Tier.SSD)
    size, longer = ctypes.c_size_t(MIB), ctypes.c_size_t(2 * MIB)
    at = libc.mremap(ctypes.c_void_p(memory.address), size, longer, MREMAP_MAYMOVE)
    grown = Memory(at, 2 * MIB)
    assert failure(lambda: grown.do(TierOp.MOVE, Tier.RAM)) == errno.EFAULT
    assert grown.part(0, MIB).do(TierOp.MOVE, Tier.RAM) == MIB
    grown.unmap()


def test_memory_of_the_parent_is_foreign_to_a_child() -> None:
    def body() -> None:
        syscalls.spawn(signed(*MEM), enter=True)
        memory = mapped(Tier.SSD)

        def child() -> None:
            syscalls.spawn(signed("mem:ram/16777216:use"), enter=True)
            memory.do(TierOp.MOVE, Tier.RAM)

        assert forked(child) == errno.EFAULT
        assert memory.do(TierOp.MOVE, Tier.RAM) == memory.length

    assert forked(body) == 0


# ---- capabilities and budgets ----


def test_a_denial_is_recorded(inside: Make) -> None:
    def body() -> None:
        mapped(Tier.SSD, 6 * MIB)
        assert failure(lambda: mapped(Tier.RAM, 32 * MIB)) == errno.EPERM

    aid = inside(body)
    assert aid.ended() == 0
    assert len(lines(aid.aid, '"mem"', '"denied"', f"ram/{32 * MIB}")) == 1
    assert lines(aid.aid, '"mem"', '"allowed"', f"ssd/{6 * MIB}")


def test_a_capability_is_for_all_that_the_agent_has() -> None:
    def body() -> None:
        syscalls.spawn(signed("mem:ssd/4194304:use"), enter=True)
        first = mapped(Tier.SSD, 3 * MIB)
        assert failure(lambda: mapped(Tier.SSD, 2 * MIB)) == errno.EPERM
        first.unmap()
        mapped(Tier.SSD, 4 * MIB)

    assert forked(body) == 0


def test_over_budget_nothing_is_mapped(inside: Make, volume: Path) -> None:
    before = os.statvfs(volume).f_bfree

    def body() -> None:
        assert failure(lambda: mapped(Tier.SSD, 9 * MIB)) == errno.EDQUOT
        mapped(Tier.SSD, 8 * MIB)
        assert failure(lambda: mapped(Tier.SSD, PAGE)) == errno.EDQUOT
        waits()

    agent = inside(body)
    until(lambda: used(agent.aid, SSD) == 8 * MIB)
    assert FS.budget(agent.aid, SSD).high_water == 8 * MIB
    syscalls.cap_revoke(agent.aid, terminate=True)
    until(lambda: used(agent.aid, SSD) == 0)
    until(lambda: os.statvfs(volume).f_bfree == before)


def test_children_are_charged_to_the_parent_too(inside: Make) -> None:
    """A child whose own budget is as large cannot have more than what the parent has left."""

    def body() -> None:
        memory = mapped(Tier.SSD, 6 * MIB)

        def child() -> None:
            syscalls.spawn(signed(*MEM[:2], quotas={SSD: 8 * MIB}), enter=True)
            mapped(Tier.SSD, 3 * MIB)

        assert forked(child) == errno.EDQUOT
        memory.unmap()
        assert forked(child) == 0
        waits()

    agent = inside(body)
    until(lambda: used(agent.aid, SSD) == 0 and FS.budget(agent.aid, SSD).high_water == 6 * MIB)


def dodge(inside: Make, trick: Callable[[Memory], object]) -> int:
    """What an agent is charged for 4 MiB after a trick that should not change it."""

    def body() -> None:
        memory = mapped(Tier.SSD, 4 * MIB)
        memory.fill(b"x" * memory.length)
        trick(memory)
        os.write(tell, b"x")
        waits()

    told, tell = os.pipe()
    agent: Inside = inside(body)
    os.close(tell)
    assert os.read(told, 1) == b"x"
    os.close(told)
    charged = used(agent.aid, SSD)
    syscalls.cap_revoke(agent.aid, terminate=True)
    until(lambda: used(agent.aid, SSD) == 0)
    return charged


def fork_and_unmap(memory: Memory) -> None:
    told, tell = os.pipe()
    if os.fork() == 0:
        os.write(tell, b"x")
        waits()
    os.read(told, 1)
    memory.unmap()


def splice_and_unmap(memory: Memory) -> None:
    """Pages that are in a pipe are memory still."""
    _, write = os.pipe()
    vector = (ctypes.c_size_t * 2)(memory.address, PAGE)
    assert libc.vmsplice(write, vector, ctypes.c_size_t(1), ctypes.c_uint(0)) == PAGE
    memory.unmap()


def move_and_unmap_most(memory: Memory) -> None:
    size = ctypes.c_size_t(memory.length)
    libc.mremap(ctypes.c_void_p(memory.address), size, ctypes.c_size_t(PAGE), MREMAP_MAYMOVE)


@pytest.mark.parametrize("trick", [fork_and_unmap, splice_and_unmap, move_and_unmap_most])
def test_no_trick_takes_memory_off_the_budget(
    inside: Make, trick: Callable[[Memory], object]
) -> None:
    assert dodge(inside, trick) == 4 * MIB


def test_unmapping_while_it_moves_leaves_nothing(inside: Make) -> None:
    def body() -> None:
        event = os.eventfd(0)
        for _ in range(4):
            memory = mapped(Tier.SSD)
            memory.fill(pattern(memory.length))
            memory.do(TierOp.DEMOTE, Tier.SSD, event)
            memory.unmap()
            os.eventfd_read(event)

    agent = inside(body)
    assert agent.ended() == 0
    until(lambda: used(agent.aid, SSD) == 0)


def test_killed_while_it_moves_it_leaves_nothing(inside: Make, volume: Path) -> None:
    before = os.statvfs(volume).f_bfree

    def body() -> None:
        event = os.eventfd(0)
        memory = mapped(Tier.SSD, 4 * MIB)
        memory.fill(pattern(memory.length))
        memory.do(TierOp.DEMOTE, Tier.SSD, event)
        os.kill(os.getpid(), signal.SIGKILL)

    agent = inside(body)
    assert agent.ended() == -signal.SIGKILL
    until(lambda: used(agent.aid, SSD) == 0)
    until(lambda: os.statvfs(volume).f_bfree == before)


def test_a_budget_that_the_kernel_counts_is_not_debited(inside: Make) -> None:
    agent = inside(waits)
    for op in (abi.QuotaOp.DEBIT, abi.QuotaOp.RESERVE, abi.QuotaOp.SETTLE):

        def call(op: abi.QuotaOp = op) -> object:
            return syscalls.quota(SSD, op, 1, aid=agent.aid, lifetime_ns=10**9)

        assert failure(call) == errno.EOPNOTSUPP
    assert used(agent.aid, SSD) == 0


# ---- the policy ----


def test_the_volume_is_the_operators_to_name(inside: Make, volume: Path, tmp_path: Path) -> None:
    assert FS.spill() == volume
    assert failure(lambda: FS.set_spill(Path("/dev/shm"))) == errno.ENOTBLK
    assert failure(lambda: FS.set_spill(tmp_path / "none")) == errno.ENOENT
    assert failure(lambda: FS.set_spill(Path("relative"))) == errno.EINVAL
    assert FS.spill() == volume
    assert "ssd" in FS.abi()["tiers"].split()

    def body() -> None:
        FS.set_spill(None)

    assert inside(body).ended() in (errno.EACCES, errno.EPERM)
    FS.set_spill(None)
    assert FS.spill() is None
    assert failure(lambda: mapped(Tier.SSD)) == errno.ENODEV
    assert "ssd" in FS.abi()["tiers_unsupported"].split()
    settle()
    assert lines(0, '"policy"', f"spill {volume}")
