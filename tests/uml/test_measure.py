# SPDX-License-Identifier: Apache-2.0
"""What runs is what was measured, however often it ran before it changed. Runs in a guest."""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from pycoconut import audit, syscalls
from pycoconut.abi import Event
from pycoconut.agent import Chain
from pycoconut.agentfs import AgentFs
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest


@pytest.fixture(scope="module")
def signed() -> bytes:
    """An agent that may run and read anything."""
    key = SecretKey.make("test-measure")
    AgentFs().add_authorizer(PublicKey(key.public.raw, "test-measure"))
    caps = (parse("fs:/:read_file,read_dir"), parse("exec:/:run"))
    return Manifest("measure", capabilities=caps).sign(key)


@pytest.fixture(params=["tmpfs", "ext4"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A program on a file system in memory, and one on a disk."""
    where = tmp_path / "fs"
    where.mkdir()
    if request.param == "ext4":
        image = tmp_path / "disk"
        with image.open("wb") as file:
            file.truncate(32 << 20)
        subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(where)], check=True)
    else:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(where)], check=True)
    shutil.copy("/bin/true", where / "program")
    yield where / "program"
    subprocess.run(["umount", "-l", str(where)], check=True)


def run(signed: bytes, program: Path) -> bytes:
    """Runs it in an agent of its own; the digest that the chain has of it."""
    pid = os.fork()
    if pid == 0:
        syscalls.spawn(signed, enter=True)
        os.execv(program, [str(program)])
    assert os.waitpid(pid, 0)[1] == 0
    found = list(Chain().records(audit.Filter(events=frozenset({Event.EXEC}))))
    assert found[-1].object.endswith(bytes(program))
    return found[-1].object[:32]


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size + 4096)


def cut_at_open(path: Path) -> None:
    content = path.read_bytes() + b"x"
    os.close(os.open(path, os.O_RDONLY | os.O_TRUNC))
    path.write_bytes(content)


def map_shared(path: Path) -> None:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        memory[-1] = memory[-1] ^ 1
        memory.flush()


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes() + b"other")
    other.chmod(0o755)
    other.rename(path)


@pytest.mark.parametrize("change", [append, cut, cut_at_open, map_shared, replace])
def test_a_changed_program_is_measured_anew(
    signed: bytes, program: Path, change: Callable[[Path], None]
) -> None:
    for _ in range(2):
        assert run(signed, program) == blake3(program.read_bytes()).digest()
    change(program)
    for _ in range(2):
        assert run(signed, program) == blake3(program.read_bytes()).digest()
