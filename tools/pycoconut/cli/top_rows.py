# SPDX-License-Identifier: Apache-2.0
"""The rows of `coconut top`: what is shown of an agent, in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..abi import QUOTA_UNLIMITED
from ..aid import format_aid
from ..figures import RESOURCES, AgentFigures, Snapshot
from .base import printable

__all__ = ["BY_NAME", "COLUMNS", "TENANT_HEAD", "View", "rows", "size_text", "tenant_rows"]

UNKNOWN = "-"
UNITS = ("B", "K", "M", "G", "T", "P")


@dataclass(frozen=True)
class Row:
    """An agent, and the CPUs it keeps busy; None: not known yet."""

    agent: AgentFigures
    share: float | None


@dataclass(frozen=True)
class Column:
    """What is shown of an agent.

    Attributes:
        name: Its head, and by which it is sorted.
        text: As it is shown.
        value: By which it is sorted: a text, or a number, of which the largest comes first.
    """

    name: str
    text: Callable[[Row], str]
    value: Callable[[Row], Any]


@dataclass(frozen=True)
class View:
    """What the reader wants to see.

    Attributes:
        sort: Name of a column.
        reverse: The other way round.
        wanted: Only rows in which this text stands somewhere, whatever its case.
    """

    sort: str = "CPU"
    reverse: bool = False
    wanted: str = ""


def size_text(value: int | None) -> str:
    """Bytes, in the unit that leaves three digits or so."""
    if value is None:
        return UNKNOWN
    amount, unit = float(value), 0
    while amount >= 1024 and unit < len(UNITS) - 1:
        amount /= 1024
        unit += 1
    return f"{amount:.1f}{UNITS[unit]}" if unit else f"{value}B"


def _plain(value: int) -> str:
    return str(value)


def _used(agent: AgentFigures, kind: str) -> int:
    quota = agent.budgets.get(kind)
    return quota.used + quota.reserved if quota else 0


def _of_limit(kind: str, show: Callable[[int], str]) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        quota = row.agent.budgets.get(kind)
        if quota is None:
            return UNKNOWN
        used = show(quota.used + quota.reserved)
        return used if quota.limit == QUOTA_UNLIMITED else f"{used}/{show(quota.limit)}"

    return text


def _pressure(row: Row) -> str:
    found = row.agent.pressure
    shares = [f"{found[name].share:.0%}" if name in found else UNKNOWN for name in RESOURCES]
    return UNKNOWN if not found else "/".join(shares)


def _worst(row: Row) -> float:
    return max((pressure.share for pressure in row.agent.pressure.values()), default=-1.0)


COLUMNS = (
    Column("AID", lambda r: format_aid(r.agent.status.aid), lambda r: -r.agent.status.aid),
    Column("NAME", lambda r: r.agent.status.name, lambda r: r.agent.status.name),
    Column("TENANT", lambda r: r.agent.status.tenant, lambda r: r.agent.status.tenant),
    Column(
        "LANE",
        lambda r: r.agent.status.lane.name.lower(),
        lambda r: float(r.agent.status.lane),
    ),
    Column("STATE", lambda r: r.agent.status.word, lambda r: r.agent.status.word),
    Column("TASKS", lambda r: str(r.agent.status.tasks), lambda r: r.agent.status.tasks),
    Column(
        "CPU",
        lambda r: UNKNOWN if r.share is None else f"{r.share:.0%}",
        lambda r: -1.0 if r.share is None else r.share,
    ),
    Column(
        "MEMORY",
        lambda r: size_text(r.agent.memory),
        lambda r: -1 if r.agent.memory is None else r.agent.memory,
    ),
    Column("HBM", _of_limit("hbm", size_text), lambda r: _used(r.agent, "hbm")),
    Column("SSD", _of_limit("ssd", size_text), lambda r: _used(r.agent, "ssd")),
    Column(
        "TOKENS",
        _of_limit("inference_tokens", _plain),
        lambda r: _used(r.agent, "inference_tokens"),
    ),
    Column("PRESSURE", _pressure, _worst),
    Column("DENIALS", lambda r: str(r.agent.status.denials), lambda r: r.agent.status.denials),
)
BY_NAME = {column.name: column for column in COLUMNS}
TENANT_HEAD = ("TENANT", "AGENTS", "TASKS", "CPU TIME", "MEMORY", "DENIALS")


def _cells(row: Row) -> list[str]:
    return [printable(column.text(row)) for column in COLUMNS]


def _sorted(found: list[Row], view: View) -> list[Row]:
    value = BY_NAME[view.sort].value
    largest_first = bool(found) and not isinstance(value(found[0]), str)
    return sorted(found, key=value, reverse=largest_first != view.reverse)


def rows(now: Snapshot, before: Snapshot | None, view: View) -> list[list[str]]:
    """The cells of each agent that is wanted, in the order that is."""
    shares = now.cpu_shares(before)
    found = [Row(agent, shares.get(agent.status.aid)) for agent in now.agents]
    cells = [_cells(row) for row in _sorted(found, view)]
    return [row for row in cells if view.wanted.lower() in " ".join(row).lower()]


def tenant_rows(now: Snapshot) -> list[list[str]]:
    """The cells of each tenant."""
    return [
        [
            printable(tenant.name),
            str(tenant.agents),
            str(tenant.tasks),
            f"{tenant.cpu:.1f}s",
            size_text(tenant.memory),
            str(tenant.denials),
        ]
        for tenant in now.tenants()
    ]
