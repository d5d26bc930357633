# SPDX-License-Identifier: Apache-2.0
"""Calls during which somebody else acts: their agent ends, or they are killed. Runs in a guest."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut import abi, syscalls
from pycoconut.aid import format_aid
from tests.uml.inside import FS, lines, until
from tests.uml.tiered import MIB, mapped
from tests.uml.wire import KEY, PAGE, libc, raw, signed

FREEZE, THAW = 0xC0045877, 0xC0045878
PTRACE_GETREGS, PTRACE_DETACH, PTRACE_SEIZE, PTRACE_O_TRACEEXIT = 12, 17, 0x4206, 0x40
RAX, ORIG_RAX = 10, 15
VAST = 256 * MIB
"""Bytes that take a while to be brought in."""
BEGUN = 0.1
"""Seconds after which who began something is most likely in the middle of it."""


@pytest.fixture(scope="module", autouse=True)
def authorizer() -> None:
    FS.add_authorizer(KEY.public)


@pytest.fixture
def freezer(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system that can be frozen: who writes to a page of its files waits."""
    image, folder = tmp_path / "image", tmp_path / "mounted"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    folder.mkdir()
    subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def spawn_in(file: Path, ready: int, go: int) -> int:
    """Spawns and enters with the structure in a page of the file; the errno."""
    manifest = signed("fs:/tmp/*:read_file")
    text = ctypes.create_string_buffer(manifest, len(manifest))
    args = abi.SpawnArgs(
        magic=abi.MAGIC,
        flags=abi.SpawnFlag.ENTER,
        manifest=ctypes.addressof(text),
        manifest_len=len(manifest),
    )
    with file.open("r+b") as opened:
        memory = mmap.mmap(opened.fileno(), PAGE)
    memory[: ctypes.sizeof(args)] = bytes(args)
    memory.flush()
    os.write(ready, b"x")
    os.read(go, 1)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    return raw("agent_spawn", address, ctypes.sizeof(args))


def interrupted_spawn(freezer: Path, act: Callable[[int], object]) -> tuple[int, int]:
    """Spawns and enters; acts on the new agent before it is entered. Its AID, and the errno."""
    file = freezer / "page"
    file.write_bytes(bytes(PAGE))
    told, ready = os.pipe()
    go, tell = os.pipe()
    before = set(FS.live())
    child = os.fork()
    if child == 0:
        os._exit(spawn_in(file, ready, go))
    assert os.read(told, 1)
    folder = os.open(freezer, os.O_RDONLY)
    fcntl.ioctl(folder, FREEZE, 0)
    try:
        os.write(tell, b"x")
        until(lambda: bool(set(FS.live()) - before))
        (aid,) = set(FS.live()) - before
        act(aid)
    finally:
        fcntl.ioctl(folder, THAW, 0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for descriptor in (told, ready, go, tell, folder):
            os.close(descriptor)
    return aid, code


def test_ended_before_it_is_entered(freezer: Path) -> None:
    aid, code = interrupted_spawn(freezer, lambda aid: syscalls.cap_revoke(aid, terminate=True))
    assert code == errno.ESRCH
    assert FS.status(aid).state == abi.State.TERMINATED_REVOKED
    until(lambda: bool(lines(0, '"enter"', '"denied"', format_aid(aid), f":{-errno.ESRCH}")))


def test_quarantined_before_it_is_entered(freezer: Path) -> None:
    """Nobody enters what stands still, and what nobody enters does not stay."""
    aid, code = interrupted_spawn(freezer, FS.quarantine)
    assert code == errno.EBUSY
    assert FS.status(aid).state == abi.State.TERMINATED_REVOKED


def killed(body: Callable[[], object]) -> tuple[int, int]:
    """Kills who does this over and over; the call in which it died, and what that returned."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(tell, b"x")
        while True:
            body()
    assert libc.ptrace(PTRACE_SEIZE, child, None, ctypes.c_void_p(PTRACE_O_TRACEEXIT)) == 0
    assert os.read(told, 1)
    time.sleep(BEGUN)
    os.kill(child, signal.SIGKILL)
    assert os.WIFSTOPPED(os.waitpid(child, 0)[1])
    registers = (ctypes.c_ulonglong * 27)()
    assert libc.ptrace(PTRACE_GETREGS, child, None, registers) == 0
    (result,) = struct.unpack("q", struct.pack("Q", registers[RAX]))
    number = int(registers[ORIG_RAX])
    assert libc.ptrace(PTRACE_DETACH, child, None, None) == 0
    os.waitpid(child, 0)
    os.close(told)
    os.close(tell)
    return number, result


def test_killed_while_it_moves_memory() -> None:
    def body() -> None:
        memory = mapped(abi.Tier.RAM, VAST)
        memory.do(abi.TierOp.MOVE, abi.Tier.RAM)
        memory.unmap()

    until(lambda: killed(body) == (syscalls.NUMBERS["agent_memory_tier"], -errno.EINTR))
    until(lambda: bool(lines(0, '"tier"', f"ram move {VAST}", f":{-errno.EINTR}")))
