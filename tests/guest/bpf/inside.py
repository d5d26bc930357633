# SPDX-License-Identifier: Apache-2.0
"""Runs in the guest: the corpus through both, then the promises about ends.

Results go to /run/out/results.json.
"""

from __future__ import annotations

import json
import os
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pycoconut import bpf, syscalls
from pycoconut.agentfs import AgentFs
from pycoconut.bpf.enforce import Holder
from pycoconut.bpf.policy import Policy
from pycoconut.caps import parse
from pycoconut.keys import SecretKey
from pycoconut.manifest import Manifest
from tests.guest.bpf.corpus import Operation, manifests
from tests.guest.bpf.operations import World, attempt, undo

OUT = Path("/run/out/results.json")
BUSYBOX = "/bin/busybox"
FIRST_POLICY = 1 << 32
"""Above all PIDs, which bpf.run() names its policies by."""

TREE = "sleep 1000 & (sleep 1000 & exec sleep 1000) & exec sleep 1000"
TREE_SIZE = 4
UNKNOWN, GUARD_KILLED = 99, 98


class Subject:
    """A process that does one operation after the other."""

    def __init__(
        self, world: World, operations: list[Operation], enter: Callable[[], None]
    ) -> None:
        ask, self._ask = os.pipe()
        self._answer, answer = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            try:
                os.close(self._ask)
                # Asked once before: held or not, what follows is decided.
                os.read(ask, 1)
                enter()
                os.write(answer, b"\0")
                for operation in operations:
                    os.read(ask, 1)
                    os.write(answer, bytes([attempt(world, operation)]))
            finally:
                os._exit(0)
        os.close(ask)
        os.close(answer)

    def step(self) -> int:
        """The answer to the next one; IndexError: it died."""
        os.write(self._ask, b"x")
        return os.read(self._answer, 1)[0]

    def end(self) -> None:
        """Waits for it."""
        os.close(self._ask)
        os.close(self._answer)
        os.waitpid(self.pid, 0)


def through(world: World, operations: list[Operation], subject: Subject) -> list[int]:
    """The answers to all operations, the tree as new before each."""
    subject.step()
    found = []
    for operation in operations:
        world.before(operation)
        found.append(subject.step())
        undo(operation, allowed=not found[-1])
    subject.end()
    return found


def enter_nothing() -> None:
    """The prototype holds a task from outside."""


def hold(programs: bpf.Programs, pid: int, number: int) -> None:
    """Hold a process to an installed policy."""
    pidfd = os.pidfd_open(pid)
    programs.hold(pidfd, number)
    os.close(pidfd)


def differential(programs: bpf.Programs, key: SecretKey) -> list[dict[str, Any]]:
    """Each pair through both."""
    started = time.monotonic()
    holder = Holder(programs)
    told: list[bytes] = []
    programs.listen(told.append)
    world = World.make(BUSYBOX)
    rows: list[dict[str, Any]] = []
    for number, (manifest, operations) in enumerate(manifests(), FIRST_POLICY):
        ours = through(world, operations, Subject(world, operations, entering(manifest, key)))
        holder.install(number, bpf.translate(manifest))
        subject = Subject(world, operations, enter_nothing)
        hold(programs, subject.pid, number)
        theirs = through(world, operations, subject)
        programs.drain()
        rows.append(
            {
                "capabilities": [str(cap) for cap in manifest.capabilities],
                "operations": [str(operation) for operation in operations],
                "lsm": ours,
                "bpf": theirs,
                "told": len(told),
            }
        )
        told.clear()
        print(f"{manifest.name} after {time.monotonic() - started:.1f} s", flush=True)
    os.kill(world.outside, signal.SIGKILL)
    return rows


def entering(manifest: Manifest, key: SecretKey) -> Callable[[], None]:
    """Makes the caller an agent."""
    signed = manifest.sign(key)

    def enter() -> None:
        syscalls.spawn(signed, enter=True)

    return enter


def alive(pid: int) -> bool:
    """Is there such a process that has not ended?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(what: Callable[[], bool]) -> None:
    """Waits; the test's own time limit ends it."""
    while not what():
        time.sleep(0.05)


def held_pids(programs: bpf.Programs, number: int) -> list[int]:
    """All live processes that are held to a policy."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            pidfd = os.pidfd_open(int(name))
        except ProcessLookupError:
            continue
        if programs.policy_of(pidfd) == number and alive(int(name)):
            found.append(int(name))
        os.close(pidfd)
    return found


def children_of(pid: int) -> list[int]:
    """Children of a process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


def kill_one(programs: bpf.Programs, policy: Policy, which: str) -> dict[str, Any]:
    """Start a command with a tree below it; kill its enforcer or the guard, or ask for the end."""
    enforcer = os.fork()
    if not enforcer:
        code = UNKNOWN
        try:
            code = bpf.run(programs, policy, [BUSYBOX, "sh", "-c", TREE], lambda _d: None)
        except bpf.BpfError:
            code = GUARD_KILLED
        finally:
            # os._exit() says nothing of an error that is on its way.
            if code == UNKNOWN:
                traceback.print_exc()
            os._exit(code)
    until(lambda: len(held_pids(programs, enforcer)) >= TREE_SIZE or not alive(enforcer))
    tree = held_pids(programs, enforcer)
    victim = enforcer
    if which == "guard":
        victim = next(pid for pid in children_of(enforcer) if pid not in tree)
    os.kill(victim, signal.SIGTERM if which == "asked" else signal.SIGKILL)
    _, status = os.waitpid(enforcer, 0)
    until(lambda: not any(alive(pid) for pid in tree))
    return {
        "tree": len(tree),
        "left": len(held_pids(programs, enforcer)),
        "code": os.waitstatus_to_exitcode(status),
    }


def main() -> None:
    """Everything, in one load of the programs."""
    started = time.monotonic()
    key = SecretKey.make("tests")
    AgentFs().add_authorizer(key.public)
    programs = bpf.Programs()
    loaded = time.monotonic()
    results: dict[str, Any] = {"rows": differential(programs, key)}
    compared = time.monotonic()
    everything = Manifest("tree", capabilities=(parse("fs:/*:all"), parse("exec:/*:run")))
    for which in ("enforcer", "guard", "asked"):
        results[which] = kill_one(programs, bpf.translate(everything), which)
    results["untold"] = programs.untold()
    results["seconds"] = {
        "load": loaded - started,
        "compare": compared - loaded,
        "ends": time.monotonic() - compared,
    }
    OUT.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
