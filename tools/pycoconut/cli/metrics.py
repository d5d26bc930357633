# SPDX-License-Identifier: Apache-2.0
"""metrics: the figures of agents as Prometheus reads them, exposition format 0.0.4."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..abi import QUOTA_UNLIMITED
from ..aid import format_aid
from ..figures import AgentFigures, Snapshot
from .base import Command, Commands, Out, figures

__all__ = ["COMMANDS", "render"]


@dataclass(frozen=True)
class Sample:
    """A value and what it is of."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Family:
    """All samples of one name."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


def _escaped(text: str) -> str:
    """As a label's value: names come from manifests, and may hold anything."""
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(value)


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in sample.labels.items())
    what = f"{name}{{{labels}}}" if labels else name
    return f"{what} {_number(sample.value)}"


def _text(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} {family.kind}"
    for sample in family.samples:
        yield _line(family.name, sample)


def _who(agent: AgentFigures, **more: str) -> dict[str, str]:
    return {"aid": format_aid(agent.status.aid), "tenant": agent.status.tenant, **more}


def _info(agents: Iterable[AgentFigures]) -> Family:
    samples = tuple(
        Sample(
            _who(
                agent,
                name=agent.status.name,
                lane=agent.status.lane.name.lower(),
                state=agent.status.word,
                parent=format_aid(agent.status.parent),
                mode="permissive" if agent.status.permissive else "enforced",
            ),
            1,
        )
        for agent in agents
    )
    return Family("coconut_agent_info", "gauge", "A live agent, and what it is.", samples)


#: name, kind, what it means, and the attribute of the status.
STATUS = (
    ("coconut_agent_tasks", "gauge", "Live tasks.", "tasks"),
    ("coconut_agent_children", "gauge", "Live children.", "children"),
    ("coconut_agent_strikes", "gauge", "Times that denials brought it to Cap-denied.", "strikes"),
    ("coconut_agent_denials_total", "counter", "Denials.", "denials"),
    ("coconut_agent_permitted_total", "counter", "Passed for being permissive.", "permitted"),
)
#: The same of budgets.
BUDGET = (
    ("coconut_agent_budget_limit", "Limit of a budget, in units of its kind.", "limit"),
    ("coconut_agent_budget_used", "Of it, used.", "used"),
    ("coconut_agent_budget_reserved", "Of it, set aside.", "reserved"),
    ("coconut_agent_budget_high_water", "Most of it that was used at once.", "high_water"),
)
#: The chain's counts that only grow; the others are gauges.
CHAIN_COUNTERS = ("recorded", "sealed", "lost")


def _status(agents: Iterable[AgentFigures]) -> Iterator[Family]:
    for name, kind, text, field in STATUS:
        yield Family(
            name, kind, text, tuple(Sample(_who(a), getattr(a.status, field)) for a in agents)
        )


def _budgets(agents: Iterable[AgentFigures]) -> Iterator[Family]:
    for name, text, field in BUDGET:
        samples = []
        for agent in agents:
            for kind, quota in agent.budgets.items():
                value = float(getattr(quota, field))
                unlimited = field == "limit" and quota.limit == QUOTA_UNLIMITED
                samples.append(Sample(_who(agent, kind=kind), float("inf") if unlimited else value))
        yield Family(name, "gauge", text, tuple(samples))


def _groups(agents: Iterable[AgentFigures]) -> Iterator[Family]:
    yield Family(
        "coconut_agent_cpu_seconds_total",
        "counter",
        "CPU time, its descendants' too.",
        tuple(Sample(_who(a), a.cpu) for a in agents if a.cpu is not None),
    )
    yield Family(
        "coconut_agent_memory_bytes",
        "gauge",
        "Memory that is charged to it, and to its descendants.",
        tuple(Sample(_who(a), a.memory) for a in agents if a.memory is not None),
    )
    yield Family(
        "coconut_agent_pressure_seconds_total",
        "counter",
        "Time in which a task of it waited for a resource.",
        tuple(
            Sample(_who(a, resource=resource), pressure.total)
            for a in agents
            for resource, pressure in a.pressure.items()
        ),
    )


def _tenants(now: Snapshot) -> Iterator[Family]:
    tenants = now.tenants()
    yield Family(
        "coconut_tenant_agents",
        "gauge",
        "Live agents of a tenant.",
        tuple(Sample({"tenant": tenant.name}, tenant.agents) for tenant in tenants),
    )


def _chain(now: Snapshot) -> Iterator[Family]:
    for key, value in now.chain.items():
        counter = key in CHAIN_COUNTERS
        name = f"coconut_audit_{key}_total" if counter else f"coconut_audit_{key}"
        kind = "counter" if counter else "gauge"
        yield Family(name, kind, f"Records of the chain: {key}.", (Sample({}, value),))


def render(now: Snapshot) -> str:
    """The whole page."""
    agents = now.agents
    families = (
        _info(agents), *_status(agents), *_budgets(agents), *_groups(agents), *_tenants(now),
        *_chain(now),
    )  # fmt: skip
    return "\n".join(line for family in families for line in _text(family)) + "\n"


def _metrics(_options: argparse.Namespace, _out: Out) -> int:
    print(render(figures()), end="")
    return 0


COMMANDS: Commands = (
    Command(
        "metrics",
        "print the figures of agents for Prometheus",
        None,
        _metrics,
        notes=(
            "For a node exporter's folder of text files: coconut metrics >FILE.new, then move "
            "it to FILE.prom there.",
        ),
    ),
)
