# SPDX-License-Identifier: Apache-2.0
"""/agent, as Documentation/ABI/testing/agentfs has it. Runs in a guest, as root."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from pycoconut import abi, syscalls
from pycoconut.agentfs import AgentFs
from pycoconut.aid import format_aid
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest

ROOT = Path("/agent")
IOC_PERSISTED = 0x400841C0
EVERYTHING = (
    "fs:/*:read_file,write_file,read_dir,make_reg,remove_file,truncate,setattr",
    "agent:children/8:spawn",
)


@pytest.fixture(scope="module")
def key() -> SecretKey:
    """A key whose manifests the kernel takes."""
    made = SecretKey.make("test-agentfs")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-agentfs"))
    return made


@pytest.fixture
def signed(key: SecretKey) -> bytes:
    capabilities = tuple(parse(text) for text in EVERYTHING)
    return Manifest("agentfs-test", "tests", capabilities=capabilities).sign(key)


@pytest.fixture
def aid(signed: bytes) -> Iterator[int]:
    """A live agent without tasks."""
    spawned = syscalls.spawn(signed).aid
    yield spawned
    if (ROOT / "live" / format_aid(spawned)).is_dir():
        syscalls.cap_revoke(spawned, terminate=True)


def live(aid: int) -> Path:
    return ROOT / "live" / format_aid(aid)


def buried(aid: int) -> Path:
    return ROOT / "graveyard" / format_aid(aid)


def within(signed: bytes, work: Callable[[], object]) -> str:
    """What `work` gives within a new agent: its repr, or the name of its errno."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            syscalls.spawn(signed, enter=True)
            answer = repr(work())
        except OSError as error:
            answer = errno.errorcode[error.errno or 0]
        finally:
            os.write(writer, answer.encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        text = answers.read()
    os.waitpid(pid, 0)
    return text


def refused(work: Callable[[], object]) -> str:
    try:
        work()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    pytest.fail("it was not refused")


def denials() -> int:
    """How many denials the chain holds, once all that is recorded by now is sealed."""
    recorded = int(AgentFs().stats()["recorded"])
    patience = time.monotonic() + 10
    while int(AgentFs().stats()["sealed"]) < recorded:
        assert time.monotonic() < patience, "the sealer stands still"
        time.sleep(0.01)
    return syscalls.audit_query(decisions=[abi.Decision.DENIED]).count


def test_the_tree_has_its_names() -> None:
    assert sorted(os.listdir(ROOT)) == ["abi", "audit", "graveyard", "live", "policy"]
    assert sorted(os.listdir(ROOT / "audit")) == [
        "chain.log", "head", "rotated", "stats", "tpm_root",
    ]  # fmt: skip
    assert sorted(os.listdir(ROOT / "policy")) == [
        "approvals", "authorizers", "caps", "limits", "spill", "tenants",
    ]  # fmt: skip
    assert sorted(os.listdir(live(0))) == [
        "attestation", "audit", "budget", "caps", "children", "manifest", "status",
    ]  # fmt: skip


def test_an_agent_is_shown(aid: int, signed: bytes, key: SecretKey) -> None:
    status = AgentFs().status(aid)
    assert (status.aid, status.name, status.tenant) == (aid, "agentfs-test", "tests")
    assert (status.word, status.parent, status.tasks) == ("READY", 0, 0)
    assert (live(aid) / "manifest").read_bytes() == signed
    held = [line.text for line in AgentFs().caps(aid)]
    assert [str(parse(text)) for text in held] == [str(parse(text)) for text in EVERYTHING]
    attestation = live(aid) / "attestation"
    assert (attestation / "manifest_digest").read_text() == blake3(signed).hexdigest() + "\n"
    assert (attestation / "authorizer").read_text() == key.public.raw.hex() + "\n"
    assert len((attestation / "chain").read_text().splitlines()) == 2
    assert "limit unlimited\n" in (live(aid) / "budget/inference_tokens").read_text()


def test_children_are_links(aid: int) -> None:
    link = live(0) / "children" / format_aid(aid)
    assert os.readlink(link) == f"../../{format_aid(aid)}"
    assert (link / "status").read_text().startswith(f"aid {format_aid(aid)}\n")
    assert format_aid(aid) in os.listdir(live(0) / "children")


@pytest.mark.parametrize("name", ["a:1", "a:000000", "a:99999999", "b:00000", "a:-0001", "x"])
def test_only_one_spelling_names_an_agent(name: str) -> None:
    assert not (ROOT / "live" / name).exists()


def test_an_ended_agent_moves_and_its_descriptor_stays(aid: int) -> None:
    directory = os.open(live(aid), os.O_RDONLY | os.O_DIRECTORY)
    syscalls.cap_revoke(aid, terminate=True)
    assert refused(live(aid).stat) == "ENOENT"
    assert format_aid(aid) not in os.listdir(ROOT / "live")
    assert format_aid(aid) in os.listdir(ROOT / "graveyard")
    assert "state TERMINATED_REVOKED\n" in (buried(aid) / "status").read_text()
    assert "ended_ns " in (buried(aid) / "status").read_text()
    assert (buried(aid) / "caps").read_text() == ""
    status = os.open("status", os.O_RDONLY, dir_fd=directory)
    assert b"state TERMINATED_REVOKED\n" in os.read(status, 4096)
    os.close(status)
    os.close(directory)


def test_a_descriptor_names_the_agent(signed: bytes) -> None:
    spawned = syscalls.spawn(signed, want_fd=True)
    assert spawned.fd is not None
    assert syscalls.cap_revoke(spawned.fd, terminate=True, by_fd=True) == len(EVERYTHING)
    assert buried(spawned.aid).is_dir()
    os.close(spawned.fd)


@pytest.mark.parametrize("path", ["/agent", "/agent/abi", "/agent/live", "/tmp"])
def test_other_descriptors_name_none(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    assert refused(lambda: syscalls.cap_revoke(fd, terminate=True, by_fd=True)) == "EBADF"
    os.close(fd)


def test_status_can_be_polled(aid: int) -> None:
    with (live(aid) / "status").open("rb", buffering=0) as status:
        poll = select.poll()
        poll.register(status, select.POLLIN)
        assert poll.poll(0) == [(status.fileno(), select.POLLIN)]
        status.read()
        assert poll.poll(0) == []
        syscalls.cap_revoke(aid, terminate=True)
        assert poll.poll(0) == [(status.fileno(), select.POLLIN | select.POLLHUP)]


def test_an_agent_sees_itself_alone(signed: bytes, aid: int) -> None:
    assert within(signed, lambda: len(os.listdir(ROOT / "live"))) == "1"
    assert within(signed, lambda: os.listdir(ROOT / "graveyard")) == "[]"
    own = within(signed, lambda: os.listdir(ROOT / "live")[0])
    assert own not in {f"'{format_aid(0)}'", f"'{format_aid(aid)}'"}
    for other in (0, aid):
        assert within(signed, (live(other) / "status").read_text) == "ENOENT"
        assert within(signed, live(other).stat) == "ENOENT"


def test_a_descriptor_that_is_passed_shows_no_more(signed: bytes, aid: int) -> None:
    with (live(aid) / "status").open("rb", buffering=0) as held:
        assert within(signed, lambda: os.pread(held.fileno(), 100, 0)) == "ENOENT"
        with (ROOT / "audit/chain.log").open("rb", buffering=0) as log:
            assert within(signed, lambda: os.pread(log.fileno(), 100, 0)) == "EPERM"


@pytest.mark.parametrize("name", ["audit/chain.log", "policy/authorizers"])
def test_the_system_is_not_an_agents_to_read(signed: bytes, name: str) -> None:
    before = denials()
    assert within(signed, (ROOT / name).read_bytes) == "EPERM"
    assert denials() == before + 1


@pytest.mark.parametrize("name", ["audit/chain.log", "policy/authorizers", "policy/caps/x"])
def test_the_system_is_not_an_agents_to_change(signed: bytes, name: str) -> None:
    def change() -> None:
        os.close(os.open(ROOT / name, os.O_WRONLY | os.O_CREAT))

    assert within(signed, change) == "EPERM"


def test_tpm_root_is_for_the_call_only() -> None:
    assert refused((ROOT / "audit/tpm_root").read_bytes) == "EPERM"


def test_the_log_ends_and_is_acknowledged() -> None:
    log = os.open(ROOT / "audit/chain.log", os.O_RDWR)
    seen = b""
    while data := os.read(log, 65536):
        seen += data
    assert seen.startswith(b'{"seq":1,')
    assert refused(lambda: os.write(log, b"x")) == "EINVAL"
    fcntl.ioctl(log, IOC_PERSISTED, struct.pack("=Q", 1))
    beyond = struct.pack("=Q", 1 << 60)
    assert refused(lambda: fcntl.ioctl(log, IOC_PERSISTED, beyond)) == "EINVAL"
    assert int(AgentFs().stats()["persisted_seq"]) >= 1
    os.close(log)


def test_a_tail_holds_the_agents_own_lines(aid: int) -> None:
    syscalls.cap_revoke(aid, terminate=True)
    tail, patience = buried(aid) / "audit/tail", time.monotonic() + 5
    while ">TERMINATED_REVOKED" not in tail.read_text():
        assert time.monotonic() < patience, "the record never came to the log"
        time.sleep(0.01)
    lines = tail.read_text().splitlines()
    assert all(f'"aid":"{format_aid(aid)}"' in line for line in lines)


def test_the_operator_keeps_small_texts() -> None:
    path = ROOT / "policy/caps/workstation"
    path.write_text("fs:/home/*:read_file\n")
    assert path.read_text() == "fs:/home/*:read_file\n"
    assert os.listdir(path.parent) == ["workstation"]
    assert refused(lambda: path.write_bytes(bytes(65537))) == "EFBIG"
    assert refused(lambda: os.truncate(path, 65537)) == "EFBIG"
    path.write_bytes(bytes(65536))
    path.unlink()
    assert os.listdir(path.parent) == []


def test_rotated_shards_are_links() -> None:
    link = ROOT / "audit/rotated/00000.log.zst"
    link.symlink_to("/var/lib/coconut/audit/00000.log.zst")
    assert os.readlink(link) == "/var/lib/coconut/audit/00000.log.zst"
    link.unlink()
    assert refused(lambda: (ROOT / "audit/rotated/text").write_text("x")) == "EACCES"


@pytest.mark.parametrize(
    ("line", "name"),
    [("seal me", "EINVAL"), ("add 00 short", "EINVAL"), ("", "EINVAL"), ("x" * 300, "EINVAL"),
     ("add " + "0" * 64, "EINVAL"), ("seal\nseal", "EINVAL"), ("seal\0", "EINVAL")],
)  # fmt: skip
def test_authorizers_take_no_other_line(line: str, name: str) -> None:
    fd = os.open(ROOT / "policy/authorizers", os.O_WRONLY)
    assert refused(lambda: os.write(fd, line.encode())) == name
    os.close(fd)


def test_an_authorizer_is_added_once(key: SecretKey) -> None:
    sealed, keys = AgentFs().authorizers()
    assert not sealed
    assert key.public.raw in [known.raw for known in keys]
    again = PublicKey(key.public.raw, "again")
    assert refused(lambda: AgentFs().add_authorizer(again)) == "EEXIST"


@pytest.mark.parametrize("name", ["abi", "live", "live/a:00000/status", "policy/caps", "."])
def test_nothing_has_a_mode_to_change(name: str) -> None:
    assert refused(lambda: os.chmod(ROOT / name, 0o777)) == "EPERM"
