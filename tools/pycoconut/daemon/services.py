# SPDX-License-Identifier: Apache-2.0
"""System services: each a signed manifest, each an agent."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pycoconut import abi, cbor, syscalls
from pycoconut.daemon import process
from pycoconut.daemon.ipc import Code, IpcError
from pycoconut.daemon.live import Agents, Status, enter
from pycoconut.daemon.process import Process
from pycoconut.errors import CoconutError

__all__ = ["Definition", "ManifestError", "Service", "Services", "read_manifest", "reap"]

SERVICES_MAX = 256
ARGV_MAX = 64
BACKOFF_FIRST = 0.1
BACKOFF_MAX = 30.0
LIVED_WELL = 10.0
"""Seconds after which an end is no failure to start."""
CHECK_EVERY = 0.5
"""Seconds between two looks at an agent whose process is not our child."""

_COSE_SIGN1 = 18
_GOOD_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SPAWNED_MAX = 1 << 20
_NAME, _RESTART, _ARGV = 2, 11, 12


class ManifestError(CoconutError):
    """A manifest that cannot be a service; the kernel judges the rest of it."""


@dataclass(frozen=True)
class Definition:
    """What the daemon needs of a manifest; whether it is genuine the kernel says."""

    name: str
    manifest: bytes
    argv: tuple[str, ...]
    restart: abi.Restart
    caps: bytes | None = None
    """CBOR array of capabilities, narrower than the manifest's; None for the manifest's own."""


@dataclass
class Service:
    """A definition and what became of it. Times are of CLOCK_MONOTONIC, seconds."""

    definition: Definition
    aid: int = 0
    process: Process | None = None
    started: float = 0.0
    due: float | None = None
    kill_at: float | None = None
    failures: int = 0
    restarts: int = 0
    wanted: bool = True
    check_at: float = field(default=0.0)


def _argv(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= ARGV_MAX:
        raise ManifestError("no argv, or one too long")
    if not all(isinstance(word, str) and "\0" not in word for word in value):
        raise ManifestError("argv holds what is no text")
    if not value[0].startswith("/"):
        raise ManifestError(f"{value[0]!r} is no absolute path")
    return tuple(value)


def read_manifest(
    data: bytes, argv: list[str] | None = None, caps: bytes | None = None
) -> Definition:
    """Look into a signed manifest; @argv stands in for its own, @caps for its capabilities.

    Raises:
        ManifestError: It is no manifest, or has nothing to run.
    """
    if len(data) > abi.MANIFEST_MAX:
        raise ManifestError(f"longer than {abi.MANIFEST_MAX} bytes")
    try:
        sign1 = cbor.decode(data)
        if not isinstance(sign1, cbor.Tag) or sign1.number != _COSE_SIGN1:
            raise ManifestError("not a COSE_Sign1")
        if not isinstance(sign1.value, list) or len(sign1.value) != 4:
            raise ManifestError("not a COSE_Sign1")
        payload = sign1.value[2]
        content = cbor.decode(payload) if isinstance(payload, bytes) else None
    except cbor.CborError as error:
        raise ManifestError(str(error)) from error
    if not isinstance(content, dict) or not isinstance(content.get(_NAME), str):
        raise ManifestError("its payload is no manifest")
    if not _GOOD_NAME.fullmatch(content[_NAME]):
        raise ManifestError("its name is none")
    try:
        restart = abi.Restart(content.get(_RESTART, 0))
    except ValueError as error:
        raise ManifestError("its restart policy is unknown") from error
    words = _argv(argv or content.get(_ARGV))
    return Definition(content[_NAME], data, words, restart, caps)


class Services:
    """All services; @tell is called with what happened to one."""

    def __init__(
        self,
        agents: Agents,
        run: Path,
        log: Path,
        tell: Callable[[str, Service], None],
    ) -> None:
        self._agents = agents
        self._run = run
        self._log = log
        self._tell = tell
        self._by_name: dict[str, Service] = {}
        self.closing = False
        for folder in (run, log):
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)

    def __iter__(self) -> Iterator[Service]:
        return iter(self._by_name.values())

    def named(self, name: str) -> Service:
        """The service of that name; IpcError where there is none."""
        if name not in self._by_name:
            raise IpcError(Code.NOT_FOUND, f"no service {name!r}")
        return self._by_name[name]

    def with_aid(self, aid: int) -> Service:
        """The service that runs as that agent; IpcError where there is none."""
        for service in self:
            if aid and service.aid == aid:
                return service
        raise IpcError(Code.NOT_FOUND, f"no service runs as agent {aid}")

    # ---- beginning ----

    def load(self, folder: Path, complain: Callable[[str], None]) -> None:
        """Read the definitions; a bad one is told, and stands in nobody's way."""
        for path in sorted(folder.glob("*.cose"))[:SERVICES_MAX]:
            try:
                with path.open("rb") as file:
                    definition = read_manifest(file.read(abi.MANIFEST_MAX + 1))
            except (OSError, ManifestError) as error:
                complain(f"{path}: {error}")
                continue
            self._by_name[definition.name] = Service(definition, due=0.0)

    def recall(self, complain: Callable[[str], None]) -> None:
        """Read the definitions that clients brought to the daemon before this one."""
        for path in sorted(self._run.glob("*.spawned"))[:SERVICES_MAX]:
            try:
                with path.open("rb") as file:
                    manifest, argv, caps = cbor.decode(file.read(_SPAWNED_MAX))
                definition = read_manifest(manifest, argv, caps)
            except (OSError, ValueError, TypeError, CoconutError) as error:
                complain(f"{path}: {error}")
                continue
            # Where its agent is gone, its policy says whether it is started.
            again = definition.restart is abi.Restart.ALWAYS
            self._by_name.setdefault(
                definition.name, Service(definition, due=0.0 if again else None)
            )

    def adopt(self, now: float) -> None:
        """Take over what the daemon before this one started.

        The kernel says which agents live; the note says which process it was. An
        agent that nobody entered was left behind by a daemon killed while starting it.
        """
        for status in self._agents.all_live():
            service = self._by_name.get(status.name)
            if service is None or status.parent != 0 or service.aid:
                continue
            if not status.tasks:
                syscalls.cap_revoke(status.aid, terminate=True)
                continue
            service.aid, service.due, service.started = status.aid, None, now
            service.process = process.find(self._note(service))
        for service in self:
            ran = self._note(service).exists()
            once = service.definition.restart is abi.Restart.NEVER
            if not service.aid and (self._over(service).exists() or (ran and once)):
                service.due = None

    def _note(self, service: Service) -> Path:
        """Its first process, while it runs."""
        return self._run / f"{service.definition.name}.pid"

    def _over(self, service: Service) -> Path:
        """It was stopped, or ended and is not to be started again, in this boot."""
        return self._run / f"{service.definition.name}.over"

    def start(self, service: Service, now: float) -> None:
        """Make the agent and its first process.

        Raises:
            OSError: What agent_spawn() or fork() said.
        """
        service.due = None
        definition = service.definition
        aid = syscalls.spawn(definition.manifest, definition.caps).aid
        try:
            child = process.start(
                list(definition.argv),
                self._log / f"{definition.name}.log",
                lambda: enter(aid),
            )
        except OSError:
            syscalls.cap_revoke(aid, terminate=True)
            raise
        service.aid, service.process, service.started = aid, child, now
        service.check_at = now + CHECK_EVERY
        self._over(service).unlink(missing_ok=True)
        if child:
            process.note(self._note(service), child)
        self._tell("started", service)

    def add(self, definition: Definition, now: float) -> Service:
        """Start what a client brings; it is a service until it ends for good, or the boot does.

        Raises:
            IpcError: Too many, or one of that name runs.
            OSError: As start().
        """
        old = self._by_name.get(definition.name)
        if self.closing or (old is None and len(self._by_name) >= SERVICES_MAX):
            raise IpcError(Code.BUSY, "no room, or the system goes down")
        if old and old.aid:
            raise IpcError(Code.BUSY, f"{definition.name} runs already")
        service = Service(definition)
        self.start(service, now)
        self._by_name[definition.name] = service
        self._remember(definition)
        return service

    def _memory(self, name: str) -> Path:
        return self._run / f"{name}.spawned"

    def _remember(self, definition: Definition) -> None:
        """For the daemon after this one: the disk has no definition of it."""
        packed = cbor.encode([definition.manifest, list(definition.argv), definition.caps])
        path = self._memory(definition.name)
        temporary = path.with_suffix(".new")
        temporary.write_bytes(packed)
        temporary.rename(path)

    def _finish(self, service: Service) -> None:
        """It stays ended when the daemon is started again."""
        self._memory(service.definition.name).unlink(missing_ok=True)
        self._over(service).touch()

    # ---- running ----

    def tick(self, now: float) -> float:
        """Start what is due, notice what ended; return when to be called again."""
        for service in list(self):
            if service.aid:
                self._watch(service, now)
            if service.due is not None and service.due <= now and not self.closing:
                self._try_start(service, now)
        times = [service.check_at for service in self if service.aid]
        times += [service.due for service in self if service.due is not None]
        return min(times, default=now + 60)

    def _watch(self, service: Service, now: float) -> None:
        gone = service.process is not None and not service.process.alive()
        if not gone and service.check_at > now:
            return
        service.check_at = now + CHECK_EVERY
        if service.kill_at is not None and service.kill_at <= now:
            service.kill_at = None
            self._terminate(service)
        if self._agents.live(service.aid) and not self._never_entered(service, gone):
            return
        self._ended(service, now)

    def _never_entered(self, service: Service, gone: bool) -> bool:
        """Its process died before it entered: the agent would live for ever."""
        status = self._agents.status(service.aid)
        if not gone or status is None or status.tasks or status.exit_code is not None:
            return False
        self._terminate(service)
        return True

    def _terminate(self, service: Service) -> None:
        try:
            syscalls.cap_revoke(service.aid, terminate=True)
        except ProcessLookupError:
            return

    def _ended(self, service: Service, now: float) -> None:
        status = self._agents.status(service.aid)
        service.aid, service.process, service.kill_at = 0, None, None
        self._note(service).unlink(missing_ok=True)
        self._tell("ended", service)
        if service.wanted and not self.closing and _again(service.definition.restart, status):
            self._later(service, now)
        elif not self.closing:
            self._finish(service)

    def _later(self, service: Service, now: float) -> None:
        well = service.started and now - service.started >= LIVED_WELL
        service.failures = 0 if well else service.failures + 1
        service.restarts += 1
        service.due = now + min(BACKOFF_FIRST * 2 ** min(service.failures, 16), BACKOFF_MAX)

    def _try_start(self, service: Service, now: float) -> None:
        try:
            self.start(service, now)
        except OSError:
            self._tell("failed", service)
            service.due = None
            if service.definition.restart is not abi.Restart.NEVER:
                self._later(service, now)

    # ---- ending ----

    def stop(self, service: Service, now: float, grace: float) -> None:
        """Tell it to end; what is left after @grace seconds is killed."""
        service.wanted, service.due = False, None
        if not service.aid:
            self._finish(service)
            return
        if service.process is None or grace <= 0:
            self._terminate(service)
            return
        service.process.send(signal.SIGTERM)
        service.kill_at = now + grace

    def state(self, service: Service) -> dict[str, Any]:
        """A service, as ipc.cddl has it."""
        status = self._agents.status(service.aid) if service.aid else None
        idle = "STOPPED" if service.due is None else "WAITING"
        return {
            "name": service.definition.name,
            "aid": service.aid,
            "pid": service.process.pid if service.process and service.aid else 0,
            "state": status.state if status else idle,
            "restart": int(service.definition.restart),
            "restarts": service.restarts,
        }


def _again(policy: abi.Restart, status: Status | None) -> bool:
    """Whether the policy starts it again; an agent that was revoked was ended on purpose."""
    if status is not None and status.state == "TERMINATED_REVOKED":
        return False
    if policy is abi.Restart.FAILURE:
        return status is None or status.exit_code != 0
    return policy is abi.Restart.ALWAYS


def reap() -> None:
    """Take the status of children that ended; what they were is found out otherwise."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
