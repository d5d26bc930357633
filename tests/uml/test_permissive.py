# SPDX-License-Identifier: Apache-2.0
"""Permissive agents: what passes, what does not, and who can see it. Runs in a guest, as root."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pycoconut import attestation, audit, syscalls
from pycoconut.abi import RIGHT_NEVER, Class, Decision, Event, FsRight, NetRight
from pycoconut.agentfs import AgentFs
from pycoconut.attestation import AttestationError
from pycoconut.audit import Filter, Record
from pycoconut.caps import Capability, parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import settle


@pytest.fixture(scope="module")
def key() -> SecretKey:
    """A key whose manifests the kernel takes."""
    made = SecretKey.make("test-permissive")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-permissive"))
    return made


def manifest(name: str, *capabilities: str, permissive: bool = True) -> Manifest:
    caps: tuple[Capability, ...] = tuple(parse(text) for text in capabilities)
    return Manifest(name, capabilities=caps, permissive=permissive)


def inside(signed: bytes, body: Callable[[], None]) -> tuple[int, int]:
    """Runs the body in a new agent; its AID, and 0 or the errno that it ended with."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 255
        try:
            aid = syscalls.spawn(signed, enter=True).aid
            os.write(theirs, str(aid).encode())
            body()
            code = 0
        except OSError as error:
            code = error.errno or 255
        finally:
            os._exit(code)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        aid = int(pipe.read() or b"0")
    return aid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def records(aid: int, *decisions: Decision) -> list[Record]:
    settle()
    wanted = Filter(aid=aid, events=frozenset({Event.ACCESS}), decisions=frozenset(decisions))
    return list(audit.records([], wanted))


def test_what_would_be_denied_passes_and_is_recorded(key: SecretKey, tmp_path: Path) -> None:
    def body() -> None:
        (tmp_path / "new").write_text("x")
        (tmp_path / "made").mkdir()
        (tmp_path / "new").rename(tmp_path / "made" / "moved")

    aid, code = inside(manifest("learner").sign(key), body)
    assert code == 0
    assert (tmp_path / "made" / "moved").read_text() == "x"
    asked: dict[bytes, int] = {}
    for record in records(aid, Decision.PERMITTED):
        assert (record.capability, record.result) == (0, 0)
        asked[record.object] = asked.get(record.object, 0) | record.rights
    assert asked[bytes(tmp_path / "new")] & FsRight.MAKE_REG
    assert asked[bytes(tmp_path / "new")] & FsRight.WRITE_FILE
    assert asked[bytes(tmp_path / "made")] & FsRight.MAKE_DIR
    assert asked[bytes(tmp_path / "made" / "moved")] & FsRight.REFER
    assert not records(aid, Decision.DENIED)
    ended = AgentFs().status(aid)
    assert ended.permissive
    assert (ended.denials, ended.permitted) == (0, len(records(aid, Decision.PERMITTED)))


def test_one_open_file_is_one_record(key: SecretKey, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(4096))

    def body() -> None:
        descriptor = os.open(tmp_path / "data", os.O_RDWR)
        for _ in range(50):
            os.pread(descriptor, 16, 0)
            os.pwrite(descriptor, b"x", 0)

    aid, code = inside(manifest("reader").sign(key), body)
    assert code == 0
    (record,) = [r for r in records(aid, Decision.PERMITTED) if r.object.endswith(b"/data")]
    assert record.rights == FsRight.READ_FILE | FsRight.WRITE_FILE


def test_network_passes_too(key: SecretKey) -> None:
    def body() -> None:
        with socket.socket() as server, socket.socket() as client:
            server.bind(("127.0.0.1", 0))
            server.listen()
            client.connect(server.getsockname())

    aid, code = inside(manifest("talker").sign(key), body)
    assert code == 0
    rights = [r.rights for r in records(aid, Decision.PERMITTED) if r.kind == Class.NET]
    assert rights == [NetRight.BIND, NetRight.LISTEN, NetRight.CONNECT]


def _setid(path: Path) -> None:
    path.chmod(0o4755)


def _hostname(_path: Path) -> None:
    socket.sethostname("elsewhere")


def _signal(_path: Path) -> None:
    os.kill(1, 0)


def _socket(_path: Path) -> None:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)


@pytest.mark.parametrize(
    ("attempt", "kind"),
    [
        (_setid, Class.FS),
        (_hostname, Class.KERNEL),
        (_signal, Class.AGENT),
        (_socket, Class.NET),
    ],
)
def test_walls_stay(
    key: SecretKey, tmp_path: Path, attempt: Callable[[Path], None], kind: Class
) -> None:
    path = tmp_path / "program"
    path.write_text("")
    aid, code = inside(manifest("climber").sign(key), lambda: attempt(path))
    assert code in (errno.EACCES, errno.EPERM)
    (record,) = records(aid, Decision.DENIED)
    assert record.kind == kind
    assert bool(record.rights & RIGHT_NEVER) == (kind != Class.AGENT)
    assert not path.stat().st_mode & 0o4000


@pytest.mark.parametrize("name", ["there", "new"])
def test_what_needs_an_approval_still_does(key: SecretKey, tmp_path: Path, name: str) -> None:
    (tmp_path / "there").write_text("x")
    path = tmp_path / name

    def body() -> None:
        os.open(path, os.O_RDWR | os.O_CREAT)

    fs = AgentFs()
    before = fs.limits()["approval_seconds"]
    fs.set_limit("approval_seconds", 1)
    try:
        asks = manifest("asks", f"fs:{tmp_path}:read_file,write_file,make_reg;approval")
        aid, code = inside(asks.sign(key), body)
    finally:
        fs.set_limit("approval_seconds", before)
    assert code == errno.EACCES
    (record,) = records(aid, Decision.DENIED)
    assert record.object == bytes(path)
    assert path.exists() == (name == "there")


SPAWN = "agent:children/0:spawn"


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        (manifest("held", SPAWN, permissive=False), manifest("free"), errno.EPERM),
        (manifest("free", SPAWN), manifest("free-too"), 0),
        (manifest("free", SPAWN), manifest("held", permissive=False), 0),
        (
            manifest("free", SPAWN),
            manifest("more", "fs:/:read_file", permissive=False),
            errno.EPERM,
        ),
        (manifest("no-right"), manifest("free"), errno.EPERM),
    ],
)
def test_spawn_keeps_its_rules(
    key: SecretKey, parent: Manifest, child: Manifest, expected: int
) -> None:
    signed = child.sign(key)
    assert inside(parent.sign(key), lambda: void(syscalls.spawn(signed)))[1] == expected


def void(_value: object) -> None:
    """For a body that returns nothing."""


def test_child_is_held_unless_its_own_manifest_says_otherwise(key: SecretKey) -> None:
    signed = manifest("held", permissive=False).sign(key)

    def reads() -> None:
        os.open("/etc/hostname", os.O_RDONLY)

    def body() -> None:
        code = inside(signed, reads)[1]
        if code:
            raise OSError(code, os.strerror(code))

    assert inside(manifest("free", SPAWN).sign(key), body)[1] == errno.EACCES


def test_capabilities_still_count(key: SecretKey) -> None:
    def body() -> None:
        os.open("/etc/hostname", os.O_RDONLY)

    aid, code = inside(manifest("both", "fs:/etc:read_file").sign(key), body)
    assert code == 0
    (record,) = [r for r in records(aid, Decision.ALLOWED) if r.object == b"/etc/hostname"]
    assert record.rights == FsRight.READ_FILE
    assert record.capability


def test_whoever_looks_sees_it(key: SecretKey) -> None:
    fs = AgentFs()
    aid = syscalls.spawn(manifest("seen").sign(key)).aid
    try:
        assert fs.status(aid).permissive
        assert not fs.status(0).permissive
        settle()
        (spawned,) = audit.records(
            [], Filter(events=frozenset({Event.SPAWN}), text=f"a:{aid:05} ".encode())
        )
        assert spawned.object.endswith(b" permissive")
        data = syscalls.attest(aid, bytes(16))
        attest_key = bytes.fromhex(fs.abi()["attest_key"])
        with pytest.raises(AttestationError, match="is permissive"):
            attestation.verify(data, attest_key, bytes(16))
        claims = attestation.verify(data, attest_key, bytes(16), permissive=True)
        assert [link.permissive for link in claims] == [True, False]
    finally:
        syscalls.cap_revoke(aid, terminate=True)
