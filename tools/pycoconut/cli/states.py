# SPDX-License-Identifier: Apache-2.0
"""quarantine, release, acknowledge, limits."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ..agentfs import AgentFs
from ..aid import format_aid
from .base import Command, Commands, Out, UsageError, agentfs, aid_arguments

__all__ = ["COMMANDS"]


def _verb(act: Callable[[AgentFs, int], None]) -> Callable[[argparse.Namespace, Out], int]:
    def run(options: argparse.Namespace, out: Out) -> int:
        fs = agentfs()
        act(fs, options.aid)
        status = fs.status(options.aid)
        name = format_aid(status.aid)
        out.result({"aid": name, "state": status.word}, f"{name} {status.word}")
        return 0

    return run


def _limits_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "limit",
        nargs="*",
        metavar="NAME=NUMBER",
        help="set it, such as strikes=3; without any, show them all",
    )


def _limits(options: argparse.Namespace, out: Out) -> int:
    fs = agentfs()
    for text in options.limit:
        name, _, number = text.partition("=")
        if not name.isidentifier() or not number.isdecimal():
            raise UsageError(f"not NAME=NUMBER: {text}", hint="coconut limits shows the names")
        fs.set_limit(name, int(number))
    out.table(("LIMIT", "VALUE"), fs.limits().items())
    return 0


COMMANDS: Commands = (
    Command(
        "quarantine",
        "freeze an agent and all beneath it, and suspend what they hold",
        aid_arguments,
        _verb(AgentFs.quarantine),
    ),
    Command("release", "let an agent out of quarantine", aid_arguments, _verb(AgentFs.release)),
    Command(
        "acknowledge",
        "send an agent back to work that is Cap-denied",
        aid_arguments,
        _verb(AgentFs.acknowledge),
    ),
    Command(
        "limits",
        "show or set how many denials and strikes are put up with, and what may wait for approval",
        _limits_arguments,
        _limits,
    ),
)
