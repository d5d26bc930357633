# SPDX-License-Identifier: Apache-2.0
"""lane."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ..abi import QUOTA_UNLIMITED, QuotaKind
from ..agentfs import AgentFs, AgentStatus
from ..aid import format_aid
from ..syscalls import QuotaStatus
from .base import Command, Commands, Out, UsageError, agentfs

__all__ = ["COMMANDS"]


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "tenant",
        nargs="*",
        metavar="TENANT=WEIGHT",
        help="what a tenant is worth against others, such as acme=200; TENANT= as by default. "
        "Without any, show all agents",
    )


def _weigh(fs: AgentFs, text: str) -> None:
    tenant, sign, weight = text.partition("=")
    # A file's name: nothing else is reached through it.
    named = tenant and Path(tenant).name == tenant
    if not named or not sign or not (weight.isdecimal() or not weight):
        raise UsageError(f"not TENANT=WEIGHT: {text}", hint="acme=200; acme= as by default")
    fs.set_tenant_weight(tenant, int(weight) if weight else None)


def _weight(cpu_weight: QuotaStatus) -> str:
    return "by lane" if cpu_weight.limit == QUOTA_UNLIMITED else str(cpu_weight.limit)


def _row(fs: AgentFs, status: AgentStatus) -> tuple[object, ...]:
    cpu = fs.budget(status.aid, QuotaKind.CPU)
    return (
        status.tenant,
        fs.tenant_weight(status.tenant),
        format_aid(status.aid),
        status.name,
        status.lane.name.lower(),
        _weight(fs.budget(status.aid, QuotaKind.CPU_WEIGHT)),
        cpu.used // 1000,
        cpu.stalls,
    )


def _rows(fs: AgentFs) -> Iterator[tuple[object, ...]]:
    """The boot agent is in no lane."""
    for status in fs.statuses():
        if status.aid:
            yield _row(fs, status)


def _lane(options: argparse.Namespace, out: Out) -> int:
    fs = agentfs()
    for text in options.tenant:
        _weigh(fs, text)
    head = ("TENANT", "SHARE", "AID", "NAME", "LANE", "WEIGHT", "CPU MS", "STALLS")
    out.table(head, sorted(_rows(fs), key=lambda row: (row[0], row[2])))
    return 0


COMMANDS: Commands = (
    Command(
        "lane",
        "show what share of the CPUs each agent and tenant has, or set a tenant's",
        _arguments,
        _lane,
    ),
)
