# SPDX-License-Identifier: Apache-2.0
"""Services: started, started again or not, stopped, and found again by the next daemon."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pycoconut import cbor, syscalls
from pycoconut.abi import Restart
from pycoconut.aid import format_aid
from pycoconut.daemon import process
from pycoconut.daemon.ipc import IpcError
from pycoconut.daemon.live import Agents
from pycoconut.daemon.process import Process
from pycoconut.daemon.services import BACKOFF_MAX, Services, read_manifest


def manifest(name: str, restart: Restart = Restart.NEVER) -> bytes:
    """As the daemon reads it; the kernel checks the rest."""
    payload = {1: 1, 2: name, 3: "t", 4: 1, 5: [], 11: int(restart), 12: ["/bin/true"]}
    return cbor.encode(cbor.Tag(18, [b"", {}, cbor.encode(payload), bytes(64)]))


class Kernel:
    """agentfs in plain files, and the two calls that change it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.next = 1
        self.terminated: list[int] = []
        self.refuse = False
        self.caps: list[bytes | None] = []
        for name in ("live", "graveyard"):
            (root / name).mkdir(parents=True)
        (root / "abi").write_text("boot_id " + "0" * 32 + "\n")

    def spawn(self, data: bytes, caps: bytes | None = None) -> syscalls.Spawned:
        self.caps.append(caps)
        if self.refuse:
            raise PermissionError(1, "the kernel says no")
        aid, self.next = self.next, self.next + 1
        self.write("live", aid, read_manifest(data).name, "ACTIVE", tasks=1)
        return syscalls.Spawned(aid, None)

    def write(self, where: str, aid: int, name: str, state: str, tasks: int, **more: int) -> None:
        folder = self.root / where / format_aid(aid)
        folder.mkdir()
        lines = [f"aid {format_aid(aid)}", f"name {name}", f"state {state}", "parent a:00000"]
        lines += [f"tasks {tasks}", *(f"{k} {v}" for k, v in more.items())]
        (folder / "status").write_text("\n".join(lines) + "\n")

    def end(self, aid: int, name: str, code: int, state: str = "TERMINATED_CLEAN") -> None:
        shutil.rmtree(self.root / "live" / format_aid(aid))
        self.write("graveyard", aid, name, state, 0, exit_code=code)

    def revoke(self, aid: int, **_: Any) -> int:
        if not (self.root / "live" / format_aid(aid)).exists():
            raise ProcessLookupError(3, "no such agent")
        self.terminated.append(aid)
        name = next(s.name for s in Agents(self.root).all_live() if s.aid == aid)
        self.end(aid, name, 9, "TERMINATED_REVOKED")
        return 1


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel(tmp_path / "agent")
    monkeypatch.setattr(syscalls, "spawn", made.spawn)
    monkeypatch.setattr(syscalls, "cap_revoke", made.revoke)
    # The test's own process stands for the service's first one.
    me = process.find_self()
    monkeypatch.setattr(process, "start", lambda *_: me)
    return made


@pytest.fixture
def daemon(kernel: Kernel, tmp_path: Path) -> Callable[..., Services]:
    """Starts a daemon over the same files, as PID 1 does."""
    etc = tmp_path / "etc"
    etc.mkdir()

    def start(**definitions: Restart) -> Services:
        for name, restart in definitions.items():
            (etc / f"{name}.cose").write_bytes(manifest(name, restart))
        services = Services(
            Agents(kernel.root), tmp_path / "run", tmp_path / "log", lambda *_: None
        )
        services.load(etc, pytest.fail)
        services.recall(pytest.fail)
        services.adopt(0.0)
        return services

    return start


def run(services: Services, seconds: float, begin: float = 0.0) -> float:
    """Let time pass as the loop does; return when it is."""
    now = begin
    while now < begin + seconds:
        now = max(services.tick(now), now + 0.01)
    return now


@pytest.mark.parametrize(
    ("restart", "code", "state", "again"),
    [
        (Restart.NEVER, 0, "TERMINATED_CLEAN", False),
        (Restart.NEVER, 1, "TERMINATED_CLEAN", False),
        (Restart.FAILURE, 0, "TERMINATED_CLEAN", False),
        (Restart.FAILURE, 256, "TERMINATED_CLEAN", True),
        (Restart.FAILURE, 9, "TERMINATED_CLEAN", True),
        (Restart.ALWAYS, 0, "TERMINATED_CLEAN", True),
        (Restart.ALWAYS, 9, "TERMINATED_REVOKED", False),
        (Restart.FAILURE, 9, "TERMINATED_REVOKED", False),
    ],
)
def test_restart_policy(
    daemon: Callable[..., Services],
    kernel: Kernel,
    restart: Restart,
    code: int,
    state: str,
    again: bool,
) -> None:
    services = daemon(one=restart)
    now = run(services, 1)
    assert services.named("one").aid == 1
    kernel.end(1, "one", code, state)
    run(services, 5, now)
    assert (services.named("one").aid == 2) is again


def test_backoff_has_a_bound(daemon: Callable[..., Services], kernel: Kernel) -> None:
    """A service that dies at once for an hour is tried every half minute, no more, no less."""
    services = daemon(one=Restart.ALWAYS)
    now, ends = 0.0, []
    while now < 3600:
        now = max(services.tick(now), now + 0.01)
        if aid := services.named("one").aid:
            ends.append(now)
            kernel.end(aid, "one", 1)
    gaps = [b - a for a, b in pairwise(ends)]
    assert gaps[0] < 1
    assert max(gaps) <= BACKOFF_MAX + 2
    assert len(ends) < 140


def test_the_next_daemon_finds_them(daemon: Callable[..., Services], kernel: Kernel) -> None:
    run(daemon(one=Restart.ALWAYS, two=Restart.NEVER), 1)
    after = daemon()
    assert [(s.definition.name, s.aid) for s in after] == [("one", 1), ("two", 2)]
    assert all(s.process is not None for s in after)
    run(after, 5)
    assert kernel.next == 3, "one was started twice"


def test_what_ended_meanwhile_is_started(daemon: Callable[..., Services], kernel: Kernel) -> None:
    run(daemon(one=Restart.ALWAYS), 1)
    kernel.end(1, "one", 0)
    after = daemon()
    run(after, 1)
    assert after.named("one").aid == 2


def test_agent_that_nobody_entered_is_ended(
    daemon: Callable[..., Services], kernel: Kernel
) -> None:
    """A daemon killed between spawn and fork leaves one."""
    kernel.write("live", 1, "one", "READY", tasks=0)
    kernel.next = 2
    services = daemon(one=Restart.NEVER)
    run(services, 1)
    assert kernel.terminated == [1]
    assert services.named("one").aid == 2


def test_agent_of_that_name_with_another_parent_is_none_of_ours(
    daemon: Callable[..., Services], kernel: Kernel
) -> None:
    """An agent cannot pass its child off as a system service."""
    folder = kernel.root / "live" / "a:00007"
    folder.mkdir()
    (folder / "status").write_text("aid a:00007\nname one\nstate ACTIVE\nparent a:00005\ntasks 1\n")
    services = daemon(one=Restart.NEVER)
    assert services.named("one").aid == 0


@pytest.mark.parametrize("how", ["ended", "ended meanwhile", "stopped"])
def test_what_is_over_stays_over(daemon: Callable[..., Services], kernel: Kernel, how: str) -> None:
    """A daemon that is started again must not run a one-shot twice, nor what was stopped."""
    services = daemon(one=Restart.ALWAYS if how == "stopped" else Restart.NEVER)
    now = run(services, 1)
    if how == "stopped":
        services.stop(services.named("one"), now, 0)
    else:
        kernel.end(1, "one", 0)
    if how != "ended meanwhile":
        run(services, 2, now)
    after = daemon()
    run(after, 5)
    assert after.named("one").aid == 0
    assert kernel.next == 2


def test_what_a_client_brought_outlives_the_daemon(
    daemon: Callable[..., Services], kernel: Kernel
) -> None:
    """Its narrowed capabilities too: a restart must not widen them."""
    services = daemon()
    services.add(read_manifest(manifest("one", Restart.ALWAYS), ["/bin/sh"], b"\x80"), 0.0)
    run(services, 1)
    after = daemon()
    assert after.named("one").aid == 1
    assert after.named("one").definition.argv == ("/bin/sh",)
    kernel.end(1, "one", 1)
    now = run(after, 5)
    assert after.named("one").aid == 2
    assert kernel.caps == [b"\x80", b"\x80"]
    after.stop(after.named("one"), now, 0)
    run(after, 5, now)
    with pytest.raises(IpcError):
        daemon().named("one")


def test_what_ended_for_good_is_not_recalled(
    daemon: Callable[..., Services], kernel: Kernel
) -> None:
    services = daemon()
    services.add(read_manifest(manifest("one")), 0.0)
    kernel.end(1, "one", 0)
    run(services, 2)
    assert list(daemon()) == []


def test_stop_without_grace(daemon: Callable[..., Services], kernel: Kernel) -> None:
    services = daemon(one=Restart.ALWAYS)
    now = run(services, 1)
    services.stop(services.named("one"), now, 0)
    run(services, 5, now)
    assert kernel.terminated == [1]
    assert services.named("one").aid == 0


def test_stop_kills_after_the_grace(
    daemon: Callable[..., Services], kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(Process, "send", lambda _, number: sent.append(number))
    services = daemon(one=Restart.ALWAYS)
    now = run(services, 1)
    services.stop(services.named("one"), now, 3)
    run(services, 2, now)
    assert sent == [signal.SIGTERM]
    assert kernel.terminated == []
    run(services, 3, now + 2)
    assert kernel.terminated == [1]


def test_refused_spawn_is_tried_again(daemon: Callable[..., Services], kernel: Kernel) -> None:
    kernel.refuse = True
    services = daemon(one=Restart.ALWAYS, two=Restart.NEVER)
    now = run(services, 3)
    kernel.refuse = False
    run(services, 10, now)
    assert services.named("one").aid
    assert not services.named("two").aid


def test_bad_definitions_are_told_and_passed_over(kernel: Kernel, tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "bad.cose").write_bytes(b"\xff" * 100)
    (etc / "huge.cose").write_bytes(bytes(100_000))
    (etc / "good.cose").write_bytes(manifest("good"))
    told: list[str] = []
    services = Services(Agents(kernel.root), tmp_path / "r", tmp_path / "l", lambda *_: None)
    services.load(etc, told.append)
    assert len(told) == 2
    assert [s.definition.name for s in services] == ["good"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-c", "input()"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


def test_process_is_found_and_not_mistaken(
    sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    note = tmp_path / "note"
    assert process.find(note) is None
    started = process.started(sleeper.pid)
    assert started is not None
    process.note(note, Process(sleeper.pid, started))
    assert process.find(note) == Process(sleeper.pid, started)
    process.note(note, Process(sleeper.pid, started - 1))
    assert process.find(note) is None
    note.write_text("no numbers\n")
    assert process.find(note) is None


def test_started_process_has_nothing_of_ours(tmp_path: Path) -> None:
    log = tmp_path / "log"
    (tmp_path / "open").write_text("")
    held = os.open(tmp_path / "open", os.O_RDONLY)
    os.set_inheritable(held, True)
    words = ["/bin/sh", "-c", "ls -l /proc/$$/fd; cut -d' ' -f6 /proc/$$/stat; echo $$"]
    child = process.start(words, log, lambda: None)
    assert child is not None
    os.waitpid(child.pid, 0)
    os.close(held)
    text = log.read_text()
    assert str(tmp_path / "open") not in text
    assert text.split()[-2:] == [str(child.pid)] * 2
    assert not child.alive()


def test_prepare_that_fails_starts_nothing(tmp_path: Path) -> None:
    def prepare() -> None:
        raise OSError(1, "no leave to enter")

    log = tmp_path / "log"
    child = process.start(["/bin/echo", "ran"], log, prepare)
    status = os.waitpid(child.pid if child else -1, 0)[1]
    assert os.waitstatus_to_exitcode(status) == 127
    assert "ran" not in log.read_text()
