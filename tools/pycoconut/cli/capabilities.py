# SPDX-License-Identifier: Apache-2.0
"""grant, revoke, present."""

from __future__ import annotations

import argparse

from .. import syscalls
from ..aid import format_aid
from ..caps import Capability
from ..errors import CoconutError
from ..spellings import read
from .base import DENIED, Command, Commands, Out, UsageError, aid_arguments

__all__ = ["COMMANDS"]


def _one(text: str) -> Capability:
    found = read(text)
    if len(found) != 1:
        raise CoconutError(
            f"{text} stands for {len(found)} capabilities",
            hint="; ".join(str(cap) for cap in found),
        )
    return found[0]


def _grant_arguments(parser: argparse.ArgumentParser) -> None:
    aid_arguments(parser)
    parser.add_argument("capability", metavar="CAPABILITY", help="such as fs:/data/*:read_file")
    parser.add_argument(
        "--parent",
        type=int,
        default=0,
        metavar="ID",
        help="derive it from this one of the caller's",
    )


def _grant(options: argparse.Namespace, out: Out) -> int:
    cap = _one(options.capability)
    number = syscalls.cap_grant(options.aid, cap.encode(), options.parent)
    out.result({"id": number, "capability": str(cap)}, f"{number} {cap}")
    return 0


def _revoke_arguments(parser: argparse.ArgumentParser) -> None:
    aid_arguments(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("id", type=int, nargs="?", metavar="ID", help="of the capability; see caps")
    what.add_argument("--all", action="store_true", help="every capability of the agent")
    what.add_argument("--terminate", action="store_true", help="end the agent and all beneath it")


def _revoke(options: argparse.Namespace, out: Out) -> int:
    if options.id == 0:
        raise UsageError("a capability's id is not 0")
    count = syscalls.cap_revoke(
        options.aid, options.id or 0, every=options.all, terminate=options.terminate
    )
    out.result({"withdrawn": count}, f"{count} withdrawn")
    return 0


def _present_arguments(parser: argparse.ArgumentParser) -> None:
    aid_arguments(parser)
    parser.add_argument(
        "capability", metavar="REQUEST", help="what is asked for, such as svc:tool:web_fetch:use"
    )


def _present(options: argparse.Namespace, out: Out) -> int:
    cap = _one(options.capability)
    try:
        allowed = syscalls.cap_present(options.aid, cap.encode())
    except PermissionError as error:
        result = {"decision": "denied", "errno": error.errno}
        out.result(result, f"denied: {format_aid(options.aid)} may not {cap}")
        return DENIED
    out.result(
        {"decision": "allowed", "capability": allowed.id, "seq": allowed.seq},
        f"allowed by capability {allowed.id}; record {allowed.seq}",
    )
    return 0


COMMANDS: Commands = (
    Command("grant", "grant an agent a capability", _grant_arguments, _grant),
    Command("revoke", "withdraw capabilities from an agent, or end it", _revoke_arguments, _revoke),
    Command("present", "ask whether an agent may", _present_arguments, _present),
)
