# SPDX-License-Identifier: Apache-2.0
"""What a capability for a hierarchy reaches, whatever is mounted and moved. Runs in a guest."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut import syscalls
from pycoconut.agentfs import AgentFs
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest


@pytest.fixture(scope="module")
def key() -> SecretKey:
    """A key whose manifests the kernel takes."""
    made = SecretKey.make("test-paths")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-paths"))
    return made


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """work/{file,sub/file,secret/{file,deep/file}} and other/file."""
    for name in ("work", "work/sub", "work/secret", "work/secret/deep", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path


@pytest.fixture
def mount() -> Iterator[Callable[..., None]]:
    """Mounts, and in the end unmounts what it mounted."""
    done: list[Path] = []

    def mount(where: Path, *argv: str) -> None:
        where.mkdir(exist_ok=True)
        subprocess.run(["mount", *argv, str(where)], check=True)
        done.append(where)

    yield mount
    for where in reversed(done):
        subprocess.run(["umount", "-l", str(where)], check=True)


class Inside:
    """A child that is an agent, and opens what it is told to."""

    def __init__(self, key: SecretKey, *capabilities: str) -> None:
        manifest = Manifest("paths", capabilities=tuple(parse(text) for text in capabilities))
        signed = manifest.sign(key)
        asked, self._ask = os.pipe()
        self._answer, answers = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._ask)
            self._serve(signed, asked, answers)
        os.close(asked)
        os.close(answers)
        assert os.read(self._answer, 64) == b"ready"

    def _serve(self, signed: bytes, asked: int, answers: int) -> None:
        try:
            syscalls.spawn(signed, enter=True)
            os.write(answers, b"ready")
            while request := os.read(asked, 4096).decode():
                fd, path = request.split(" ", 1)
                os.write(answers, self._open(path, int(fd)).encode())
        finally:
            os._exit(0)

    @staticmethod
    def _open(path: str, fd: int) -> str:
        try:
            os.close(os.open(path, os.O_RDONLY, dir_fd=fd if fd >= 0 else None))
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        return "ok"

    def open(self, path: Path | str, fd: int = -1) -> str:
        """ "ok", or the name of the errno. With `fd` relative to that descriptor."""
        os.write(self._ask, f"{fd} {path}".encode())
        return os.read(self._answer, 64).decode()

    def end(self) -> None:
        os.close(self._ask)
        os.waitpid(self._pid, 0)
        os.close(self._answer)


@pytest.fixture
def inside(key: SecretKey) -> Iterator[Callable[..., Inside]]:
    """Makes agents, and waits for their ends."""
    made: list[Inside] = []

    def make(*capabilities: str) -> Inside:
        made.append(Inside(key, *capabilities))
        return made[-1]

    yield make
    for agent in made:
        agent.end()


def test_what_lies_beneath(tree: Path, inside: Callable[..., Inside]) -> None:
    agent = inside(f"fs:{tree}/work:read_file,read_dir")
    assert agent.open(tree / "work") == "ok"
    assert agent.open(tree / "work/file") == "ok"
    assert agent.open(tree / "work/secret/deep/file") == "ok"
    assert agent.open(tree / "other/file") == "EACCES"
    assert agent.open(tree) == "EACCES"
    assert agent.open(tree / "work/../other/file") == "EACCES"
    assert agent.open(tree / "other/missing") == "ENOENT"


def test_a_link_is_where_it_leads(tree: Path, inside: Callable[..., Inside]) -> None:
    (tree / "work/link").symlink_to(tree / "other/file")
    (tree / "other/link").symlink_to(tree / "work/file")
    agent = inside(f"fs:{tree}/work:read_file")
    assert agent.open(tree / "work/link") == "EACCES"
    assert agent.open(tree / "other/link") == "ok"


def test_carved_out(tree: Path, inside: Callable[..., Inside]) -> None:
    agent = inside(f"fs:{tree}/work:read_file,read_dir;except={tree}/work/secret")
    assert agent.open(tree / "work/sub/file") == "ok"
    assert agent.open(tree / "work/secret") == "EACCES"
    assert agent.open(tree / "work/secret/file") == "EACCES"
    assert agent.open(tree / "work/secret/deep/file") == "EACCES"


def test_carved_out_and_given_back(tree: Path, inside: Callable[..., Inside]) -> None:
    agent = inside(
        f"fs:{tree}/work:read_file;except={tree}/work/secret",
        f"fs:{tree}/work/secret/deep:read_file",
    )
    assert agent.open(tree / "work/secret/file") == "EACCES"
    assert agent.open(tree / "work/secret/deep/file") == "ok"


def test_an_object_and_not_a_name(tree: Path, inside: Callable[..., Inside]) -> None:
    """The hierarchy is taken elsewhere, and another one comes in its place."""
    agent = inside(f"fs:{tree}/work:read_file")
    (tree / "work").rename(tree / "moved")
    (tree / "other").rename(tree / "work")
    assert agent.open(tree / "moved/file") == "ok"
    assert agent.open(tree / "work/file") == "EACCES"


def test_what_is_mounted_beneath(
    tree: Path, inside: Callable[..., Inside], mount: Callable[..., None]
) -> None:
    agent = inside(f"fs:{tree}/work:read_file")
    mount(tree / "work/sub", "-t", "tmpfs", "tmpfs")
    (tree / "work/sub/file").write_text("mounted")
    assert agent.open(tree / "work/sub/file") == "ok"


def test_mounting_over_the_root_of_it(
    tree: Path, inside: Callable[..., Inside], mount: Callable[..., None]
) -> None:
    """What hides the hierarchy is not the hierarchy."""
    agent = inside(f"fs:{tree}/work:read_file")
    mount(tree / "work", "-t", "tmpfs", "tmpfs")
    (tree / "work/file").write_text("mounted")
    assert agent.open(tree / "work/file") == "EACCES"


def test_mounting_over_a_carve_out(
    tree: Path, inside: Callable[..., Inside], mount: Callable[..., None]
) -> None:
    """A mount on it does not bring back what was carved out."""
    agent = inside(f"fs:{tree}/work:read_file;except={tree}/work/secret")
    mount(tree / "work/secret", "-t", "tmpfs", "tmpfs")
    (tree / "work/secret/file").write_text("mounted")
    assert agent.open(tree / "work/secret/file") == "EACCES"


def test_bind_mounts_lead_to_the_same_objects(
    tree: Path, inside: Callable[..., Inside], mount: Callable[..., None]
) -> None:
    agent = inside(f"fs:{tree}/work:read_file;except={tree}/work/secret")
    mount(tree / "a", "--bind", str(tree / "work"))
    mount(tree / "b", "--bind", str(tree / "work/sub"))
    mount(tree / "c", "--bind", str(tree / "work/secret"))
    mount(tree / "work/d", "--bind", str(tree / "other"))
    assert agent.open(tree / "a/file") == "ok"
    assert agent.open(tree / "a/secret/file") == "EACCES"
    assert agent.open(tree / "b/file") == "EACCES", "its root is not above it on this way"
    assert agent.open(tree / "c/file") == "EACCES"
    assert agent.open(tree / "work/d/file") == "ok"


def test_moved_out_of_a_bind_mount(
    tree: Path, inside: Callable[..., Inside], mount: Callable[..., None]
) -> None:
    """Whoever stands in what was moved away stands where it is now."""
    mount(tree / "bound", "--bind", str(tree / "work"))
    agent_dir = os.open(tree / "bound/sub", os.O_PATH | os.O_DIRECTORY)
    agent = inside(f"fs:{tree}/bound:read_file")
    try:
        assert agent.open("file", agent_dir) == "ok"
        (tree / "work/sub").rename(tree / "other/sub")
        assert agent.open("file", agent_dir) == "EACCES"
    finally:
        os.close(agent_dir)


def test_a_file_without_a_name(tree: Path, inside: Callable[..., Inside]) -> None:
    """Removed, but still open: it lies where it lay."""
    agent_fds = [os.open(tree / name / "file", os.O_PATH) for name in ("work", "other")]
    agent = inside(f"fs:{tree}/work:read_file", "fs:/proc:read_file")
    (tree / "work/file").unlink()
    (tree / "other/file").unlink()
    try:
        assert agent.open(f"/proc/self/fd/{agent_fds[0]}") == "ok"
        assert agent.open(f"/proc/self/fd/{agent_fds[1]}") == "EACCES"
    finally:
        for fd in agent_fds:
            os.close(fd)


def test_it_runs_out(tree: Path, inside: Callable[..., Inside]) -> None:
    agent = inside(f"fs:{tree}/work:read_file;uses=3", f"fs:{tree}/work/sub:read_file")
    assert [agent.open(tree / "work/sub/file") for _ in range(5)] == ["ok"] * 5
    assert [agent.open(tree / "work/file") for _ in range(5)] == ["ok"] * 3 + ["EACCES"] * 2
