# SPDX-License-Identifier: Apache-2.0
"""The daemon's life: set up, one loop, an orderly end."""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import socket
import struct
import time
from pathlib import Path

from pycoconut import syscalls
from pycoconut.daemon import outside, policy, process
from pycoconut.daemon.live import Agents
from pycoconut.daemon.paths import Paths
from pycoconut.daemon.say import say
from pycoconut.daemon.server import Client, Server
from pycoconut.daemon.services import Service, Services, reap
from pycoconut.errors import CoconutError

__all__ = ["Daemon", "main"]

CONTROL_FD = 3
PROFILE = "coconut_profile"
"""A word of the kernel's command line, which reaches us as environment."""
STOP_GRACE = 3.0
KILL_GRACE = 3.0
"""Seconds for agents that were killed to be gone."""
WRITER = ["/usr/bin/python3", "-IB", "-m", "pycoconut.daemon.writer"]
WRITER_GRACE = 10.0
"""Seconds for the end of the chain to be on the disk."""

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        wanted = struct.pack("16sH14x", b"lo", 0)
        answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, wanted)
        flags = struct.unpack("16sH14x", answer)[1] | _IFF_UP
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags))


class Daemon:
    """One run of it."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.agents = Agents(paths.agent)
        self.selector = selectors.DefaultSelector()
        self.ending: str | None = None
        self.end_at = 0.0
        paths.run.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.services = Services(
            self.agents, paths.run / "services", paths.log / "services", self.tell
        )
        self.server: Server | None = None
        self.keeper: outside.Keeper | None = None

    # ---- setting up ----

    def set_up(self) -> None:
        """In the order that matters: whose manifests count, the chain, agents, then clients."""
        self._machine()
        if self.agents.there:
            self._policy()
            self.services.load(self.paths.etc / "services", say)
            self.services.recall(say)
            self.services.adopt(time.monotonic())
        else:
            say("this kernel has no agents: only the consoles are started")
        self.server = Server(
            self.paths.socket, self.agents, self.services, self.shut_down, time.monotonic
        )
        self.selector.register(self.server.listener, selectors.EVENT_READ, None)
        kept = [
            *([outside.Kept("writer", WRITER, hang_up=False)] if self.agents.there else []),
            *outside.consoles(self.paths.etc / "consoles", Path("/dev")),
            *outside.channel(Path("/sys"), Path("/dev")),
        ]
        self.keeper = outside.Keeper(self.paths.run / "outside", kept)

    def _machine(self) -> None:
        try:
            name = (self.paths.root / "etc/hostname").read_text().strip()
            socket.sethostname(name or "coconut")
            _loopback_up()
        except OSError as error:
            say(f"host name and loopback: {error}")

    def _policy(self) -> None:
        etc, kernel = self.paths.etc, self.paths.agent / "policy"
        try:
            self._machine_key()
            count, first = policy.install_authorizers(etc / "authorizers.d", kernel, say)
            if first:
                say(f"{count} authorizers, sealed")
                profile = os.environ.get(PROFILE, "workstation")
                policy.install_templates(etc / "policy/caps", kernel, profile, say)
                policy.install_limits(etc / "policy/limits", kernel, say)
        except OSError as error:
            say(f"policy: {error}")

    def _machine_key(self) -> None:
        """The machine's own authorizer, made when it has none: what its operator signs with."""
        path = self.paths.etc / "keys" / "machine"
        if path.exists():
            return
        # Loads a large library: only where a key is to be made.
        from pycoconut.keys import SecretKey

        public = SecretKey.make("machine").write(path)
        known = self.paths.etc / "authorizers.d" / public.name
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_bytes(public.read_bytes())

    # ---- running ----

    def tell(self, event: str, service: Service) -> None:
        """What happened to a service, to who listens."""
        say(f"{service.definition.name}: {event}")
        for client in self.server.tell(event, service) if self.server else ():
            self._drop(client)

    def shut_down(self, how: str) -> None:
        """Begin to end: @how is PID 1's command, empty where PID 1 itself asked."""
        if self.ending is not None:
            return
        self.ending = how
        now = time.monotonic()
        self.end_at = now + STOP_GRACE
        self.services.closing = True
        for service in self.services:
            try:
                self.services.stop(service, now, STOP_GRACE - 1)
            except OSError as error:
                say(f"{service.definition.name}: {error}")

    def _drop(self, client: Client) -> None:
        assert self.server is not None
        if client.connection.fileno() >= 0:
            self.selector.unregister(client.connection)
            self.server.drop(client)

    def _turn(self, wait: float) -> None:
        """Wait for something to happen, and see to it."""
        assert self.server is not None
        for key, _ in self.selector.select(wait):
            if key.fileobj is self.server.listener:
                client = self.server.accept()
                if client:
                    self.selector.register(client.connection, selectors.EVENT_READ, client)
            elif isinstance(key.data, Client):
                if not self.server.serve(key.data):
                    self._drop(key.data)
            else:
                _drain(key.fd)
        reap()

    def run(self) -> None:
        """Until an end was asked for and all services ended."""
        assert self.keeper is not None
        while self.ending is None:
            now = time.monotonic()
            due = self.keeper.tick(now)
            if self.agents.there:
                due = min(due, self.services.tick(now))
            self._turn(max(0.0, due - time.monotonic()))
        while time.monotonic() < self.end_at and any(s.aid for s in self.services):
            self.services.tick(time.monotonic())
            self._turn(0.1)

    # ---- ending ----

    def finish(self) -> None:
        """End what still runs as an agent, write out the chain, tell PID 1."""
        assert self.keeper is not None
        if self.agents.there:
            self._end_agents()
        self.keeper.stop()
        if self.agents.there:
            self._end_chain()
        if self.ending:
            os.write(CONTROL_FD, self.ending.encode())

    def _end_agents(self) -> None:
        """Kill what is left, and wait until it is gone: the chain has no place for it later."""
        for status in list(self.agents.all_live()):
            if status.parent == 0:
                try:
                    syscalls.cap_revoke(status.aid, terminate=True)
                except OSError as error:
                    say(f"{status.name}: {error}")
        end = time.monotonic() + KILL_GRACE
        while time.monotonic() < end and any(True for _ in self.agents.all_live()):
            reap()
            time.sleep(0.05)

    def _end_chain(self) -> None:
        """Have the writer close the chain and keep its end; where there is none, one for that."""
        assert self.keeper is not None
        writer = self.keeper.process("writer")
        end = time.monotonic() + WRITER_GRACE
        while time.monotonic() < end and not self._ended():
            if writer is None or not writer.alive():
                writer = process.start([*WRITER, "end"], None, lambda: None)
            elif writer == self.keeper.process("writer"):
                # Again and again: one that has just been started may not hear it yet.
                writer.send(signal.SIGUSR2)
            reap()
            time.sleep(0.1)
        if not self._ended():
            say("the end of the chain is not on the disk: its writer does not answer")

    def _ended(self) -> bool:
        path = self.paths.writer
        return path.exists() and path.read_text().startswith("state ended\n")


def _drain(fd: int) -> None:
    try:
        os.read(fd, 4096)
    except BlockingIOError:
        return


def _catch_signals(daemon: Daemon) -> None:
    """Signals wake the loop, and nothing else: handlers may not run in the middle of a call."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    daemon.selector.register(reading, selectors.EVENT_READ, None)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: daemon.shut_down(""))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def main() -> int:
    """Run it; return its status. Anything unforeseen ends it, and PID 1 starts it again."""
    os.set_inheritable(CONTROL_FD, False)
    daemon = Daemon(Paths())
    _catch_signals(daemon)
    try:
        daemon.set_up()
    except CoconutError as error:
        say(f"cannot start: {error}")
        return 1
    os.write(CONTROL_FD, b"+")
    daemon.run()
    daemon.finish()
    return 0
