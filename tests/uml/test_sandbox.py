# SPDX-License-Identifier: Apache-2.0
"""Namespaces of an agent's own: what works in them, and when they may be made.

What must not work in them is in tests/escapes/sandbox_*. Runs in a guest, as root.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut import syscalls
from pycoconut.agentfs import AgentFs
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.escapes import sandbox
from tests.escapes.kit import call
from tests.uml.inside import Inside, lines

CLONE_NEWNET = 0x40000000
MNT_DETACH = 2
FILES = ("fs:{top}:read_file,read_dir", "fs:{top}/own:all")


@pytest.fixture(scope="module")
def key() -> SecretKey:
    """A key whose manifests the kernel takes."""
    made = SecretKey.make("test-sandbox")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-sandbox"))
    return made


@pytest.fixture
def top(tmp_path: Path) -> Iterator[Path]:
    """Files on a file system of their own, as on a machine with several."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], check=True)
    (tmp_path / "own").mkdir()
    (tmp_path / "file").write_text("text")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


Run = Callable[..., tuple[int, int]]


@pytest.fixture
def run(key: SecretKey, top: Path) -> Run:
    """Runs a body in a new agent; its AID, and 0 or the errno that it ended with."""

    def start(body: Callable[[], None], *caps: str, permissive: bool = False) -> tuple[int, int]:
        held = tuple(parse(text.format(top=top)) for text in (*FILES, *caps))
        signed = Manifest("sandbox", capabilities=held, permissive=permissive).sign(key)
        agent = Inside(signed, body)
        status = agent.ended()
        agent.end()
        return agent.aid, status

    return start


def test_a_root_of_its_own(run: Run, top: Path) -> None:
    """What bwrap does: an empty root, what is wanted bound in it, the old one taken off."""

    def build() -> None:
        root = top / "own"
        sandbox.enter()
        sandbox.be_root()
        call("mount", b"tmpfs", os.fsencode(root), b"tmpfs", 0, 0)
        (root / "old").mkdir()
        sandbox.bind(top, root / "data")
        call("syscall", 155, os.fsencode(root), os.fsencode(root / "old"))  # pivot_root(2)
        os.chdir("/")
        call("umount2", b"/old", MNT_DETACH)
        assert Path("/data/file").read_text() == "text"
        Path("/new").write_text("in memory")
        os.rename("/new", "/newer")
        os.utime("/newer", (0, 0))
        assert sorted(os.listdir("/")) == ["data", "newer", "old"]

    aid, code = run(build, sandbox.RIGHT, sandbox.MAPPING)
    assert code == 0, lines(aid, '"denied"')
    assert not (top / "own/old").exists()
    assert lines(aid, '"allowed"', f'"{top}/file"'), "a record does not say where it really is"
    assert lines(aid, '"allowed"', '"tmpfs:/new"'), "what is in memory looks as if it had a place"


def test_rights_come_with_the_place_that_its_tree_has(run: Run, top: Path) -> None:
    """Bound elsewhere, what it may write stays writable and nothing else becomes so."""

    def write() -> None:
        sandbox.enter()
        sandbox.bind_onto(top / "own", Path("/mnt"))
        Path("/mnt/made").write_text("made")
        sandbox.bind_onto(top, Path("/mnt"))
        Path("/mnt/file").write_text("changed")

    aid, code = run(write, sandbox.RIGHT)
    assert code == errno.EACCES
    assert (top / "own/made").read_text() == "made"
    assert (top / "file").read_text() == "text"
    assert len(lines(aid, '"denied"')) == 1


def test_a_network_of_its_own(run: Run) -> None:
    def listen() -> None:
        sandbox.enter()
        call("unshare", CLONE_NEWNET)
        server = socket.create_server(("0.0.0.0", 7000))
        assert server.getsockname()[1] == 7000

    _, code = run(listen, sandbox.RIGHT, "net:tcp/0.0.0.0/0/7000:bind,listen")
    assert code == 0


def test_its_children_live_in_it(run: Run, key: SecretKey, top: Path) -> None:
    """A child is given what the parent holds, by the name that it has in the sandbox."""
    held = (parse("fs:/mnt:read_file"),)

    def spawn() -> None:
        sandbox.enter()
        sandbox.bind_onto(top, Path("/mnt"))
        signed = Manifest("child", capabilities=held).sign(key)
        pid = os.fork()
        if not pid:
            syscalls.spawn(signed, enter=True)
            text = Path("/mnt/file").read_text()
            os._exit(0 if text == "text" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

    aid, code = run(spawn, sandbox.RIGHT, "agent:children/0:spawn")
    assert code == 0, lines(aid, '"denied"')


def test_without_the_right(run: Run) -> None:
    aid, code = run(sandbox.enter)
    assert code == errno.EPERM
    assert len(lines(aid, '"denied"', "userns")) == 1


def test_a_permissive_agent_may_try(run: Run) -> None:
    def build() -> None:
        sandbox.enter()
        call("mount", b"tmpfs", b"/mnt", b"tmpfs", 0, 0)

    aid, code = run(build, permissive=True)
    assert code == 0, lines(aid, '"denied"')
    assert lines(aid, '"permitted"', "userns")


def test_the_right_is_used_up(run: Run) -> None:
    """A use is what is asked for, not what is held: what was made stays usable."""

    def twice() -> None:
        sandbox.enter()
        sandbox.be_root()
        call("unshare", CLONE_NEWNET)
        sandbox.enter()

    aid, code = run(twice, f"{sandbox.RIGHT};uses=1", sandbox.MAPPING)
    assert code == errno.EPERM
    assert len(lines(aid, '"denied"', "userns")) == 1


def test_withdrawn_it_builds_no_further(key: SecretKey, top: Path) -> None:
    told, tell = os.pipe()
    ready, set_ready = os.pipe()

    def build() -> None:
        sandbox.enter()
        os.write(set_ready, b"!")
        os.read(told, 1)
        try:
            sandbox.bind_onto(top, Path("/mnt"))
        except OSError as error:
            os._exit(error.errno or 255)

    held = tuple(parse(text.format(top=top)) for text in (*FILES, sandbox.RIGHT))
    agent = Inside(Manifest("sandbox", capabilities=held).sign(key), build)
    os.read(ready, 1)
    (cap,) = [row for row in AgentFs().caps(agent.aid) if "sandbox" in str(row)]
    syscalls.cap_revoke(agent.aid, cap.id)
    os.write(tell, b"!")
    assert agent.ended() == errno.EPERM
    assert len(lines(agent.aid, '"denied"')) == 1
    agent.end()


def test_others_user_namespaces_stay_closed(run: Run) -> None:
    """An owner's rights over a namespace are not his agents': only its maker's."""
    program = ["unshare", "--user", "--map-root-user", "sleep", "100"]
    with subprocess.Popen(program) as other:
        handle = os.pidfd_open(other.pid)

        def join() -> None:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(handle, 0x10000000) == -1:
                os._exit(ctypes.get_errno())

        _, code = run(join, sandbox.RIGHT)
        other.kill()
    assert code == errno.EPERM
