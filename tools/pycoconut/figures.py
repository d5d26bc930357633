# SPDX-License-Identifier: Apache-2.0
"""What agents use and have left, read once: the figures of `coconut top` and `coconut metrics`.

From /agent, and from the cgroup of each agent where there is one: in its parent's, and for
those that the boot agent spawned coconut/TENANT/AID. A group counts all that are in it.
Sources of the formats: Documentation/userspace-api/coconut/agentfs.rst, and Linux's
Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .abi import QuotaKind
from .agentfs import AgentFs, AgentFsError, AgentStatus, key_values
from .aid import format_aid
from .syscalls import QuotaStatus

__all__ = ["GROUPS", "RESOURCES", "AgentFigures", "Pressure", "Snapshot", "Tenant", "snapshot"]

GROUPS = Path("/sys/fs/cgroup/coconut")
BOOT = 0
RESOURCES = ("cpu", "memory", "io")
#: What files of an agent that has just ended answer.
GONE = (FileNotFoundError, ProcessLookupError)
ABSENT = (OSError, ValueError)


@dataclass(frozen=True)
class Pressure:
    """How long tasks waited for a resource: `share` of the last ten seconds, `total` in all.

    Attributes:
        share: 0 to 1; at least one task waited.
        total: Seconds.
    """

    share: float
    total: float


@dataclass(frozen=True)
class AgentFigures:
    """One agent.

    Attributes:
        status: What its `status` says.
        budgets: By the name of their kind.
        cpu: Seconds of CPU time, its descendants' too; None without a cgroup of its own.
        memory: Bytes; its descendants' too; None likewise.
        pressure: By resource; what the kernel does not measure is not there.
    """

    status: AgentStatus
    budgets: Mapping[str, QuotaStatus]
    cpu: float | None
    memory: int | None
    pressure: Mapping[str, Pressure]


@dataclass(frozen=True)
class Tenant:
    """The sums over a tenant's agents."""

    name: str
    agents: int
    tasks: int
    denials: int
    cpu: float
    memory: int


@dataclass(frozen=True)
class Snapshot:
    """Everything at one time.

    Attributes:
        at: Seconds of CLOCK_MONOTONIC.
        agents: In order of AID.
        chain: `audit/stats`, numbers only.
    """

    at: float
    agents: tuple[AgentFigures, ...]
    chain: Mapping[str, int]

    def tenants(self) -> tuple[Tenant, ...]:
        """In order of name."""
        by_name: dict[str, list[AgentFigures]] = {}
        for agent in self.agents:
            by_name.setdefault(agent.status.tenant, []).append(agent)
        return tuple(_tenant(name, agents) for name, agents in sorted(by_name.items()))

    def cpu_shares(self, before: Snapshot | None) -> dict[int, float]:
        """CPUs that each agent kept busy since another snapshot, by AID; what is known of it."""
        if before is None or self.at <= before.at:
            return {}
        then = {agent.status.aid: agent.cpu for agent in before.agents}
        shares = {}
        for agent in self.agents:
            old = then.get(agent.status.aid)
            if agent.cpu is not None and old is not None:
                shares[agent.status.aid] = max(0.0, agent.cpu - old) / (self.at - before.at)
        return shares


def _tenant(name: str, agents: list[AgentFigures]) -> Tenant:
    seen = {agent.status.aid for agent in agents if agent.status.aid != BOOT}
    highest = [agent for agent in agents if agent.status.parent not in seen]
    return Tenant(
        name=name,
        agents=len(agents),
        tasks=sum(agent.status.tasks for agent in agents),
        denials=sum(agent.status.denials for agent in agents),
        cpu=sum(agent.cpu or 0.0 for agent in highest),
        memory=sum(agent.memory or 0 for agent in highest),
    )


def _cpu(group: Path) -> float | None:
    with suppress(*ABSENT):
        return int(key_values((group / "cpu.stat").read_text())["usage_usec"]) / 1e6
    return None


def _memory(group: Path) -> int | None:
    with suppress(*ABSENT):
        return int((group / "memory.current").read_text())
    return None


def _pressure(text: str) -> Pressure:
    """Of the line "some avg10=1.50 avg60=0.00 avg300=0.00 total=12345"."""
    some = next(line for line in text.splitlines() if line.startswith("some "))
    words = dict(word.split("=", 1) for word in some.split()[1:])
    return Pressure(share=float(words["avg10"]) / 100, total=int(words["total"]) / 1e6)


def _pressures(group: Path) -> dict[str, Pressure]:
    found = {}
    for resource in RESOURCES:
        with suppress(*ABSENT, StopIteration, KeyError):
            found[resource] = _pressure((group / f"{resource}.pressure").read_text())
    return found


def _budgets(fs: AgentFs, aid: int) -> dict[str, QuotaStatus]:
    found = {}
    for kind in QuotaKind:
        # A kernel of another version may not have this one.
        with suppress(FileNotFoundError):
            found[kind.name.lower()] = fs.budget(aid, kind)
    return found


def _group(groups: Path, status: AgentStatus, seen: Mapping[int, AgentStatus]) -> Path:
    """Where the kernel made it; of an agent whose parents the caller does not see: nowhere."""
    names = [format_aid(status.aid)]
    while status.parent != BOOT and status.parent in seen:
        status = seen[status.parent]
        names.append(format_aid(status.aid))
    return groups.joinpath(status.tenant, *reversed(names))


def _agent(fs: AgentFs, group: Path, status: AgentStatus) -> AgentFigures:
    return AgentFigures(
        status=status,
        budgets=_budgets(fs, status.aid),
        cpu=_cpu(group),
        memory=_memory(group),
        pressure=_pressures(group),
    )


def snapshot(fs: AgentFs, groups: Path = GROUPS) -> Snapshot:
    """Reads the figures of all live agents that the caller may see.

    Raises:
        AgentFsError: /agent is not mounted, or holds what this package does not know.
        OSError: It cannot be read.
    """
    agents = []
    at = time.monotonic()
    seen = {status.aid: status for status in fs.statuses()}
    for status in seen.values():
        with suppress(AgentFsError, *GONE):  # it ended meanwhile
            agents.append(_agent(fs, _group(groups, status, seen), status))
    chain = {key: int(value) for key, value in fs.stats().items() if value.isdecimal()}
    return Snapshot(at, tuple(agents), chain)
