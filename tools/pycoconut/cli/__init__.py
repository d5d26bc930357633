# SPDX-License-Identifier: Apache-2.0
"""The command `coconut`: one module a group of commands."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap

from ..errors import CoconutError
from . import (
    agents,
    approvals,
    attest,
    audit,
    bpf,
    capabilities,
    caps,
    completion,
    keys,
    lane,
    man,
    manifest,
    metrics,
    quota,
    services,
    states,
    system,
    top,
)
from .base import EXIT_TEXTS, FAILED, OK, Command, Commands, Out, report_error

__all__ = ["COMMANDS", "main", "make_parser"]

NOTE_WIDTH = 78

COMMANDS: Commands = (
    *agents.COMMANDS,
    *caps.COMMANDS,
    *capabilities.COMMANDS,
    *states.COMMANDS,
    *approvals.COMMANDS,
    *quota.COMMANDS,
    *top.COMMANDS,
    *metrics.COMMANDS,
    *lane.COMMANDS,
    *attest.COMMANDS,
    *audit.COMMANDS,
    *keys.COMMANDS,
    *manifest.COMMANDS,
    *bpf.COMMANDS,
    *services.COMMANDS,
    *system.COMMANDS,
    *completion.COMMANDS,
    *man.COMMANDS,
)


def _json_argument(parser: argparse.ArgumentParser, default: object) -> None:
    parser.add_argument("--json", action="store_true", default=default, help="output for programs")


def _epilog(command: Command | None = None) -> str:
    exits = {**EXIT_TEXTS, **dict(command.exits if command else ())}
    notes = [textwrap.fill(note, NOTE_WIDTH) + "\n" for note in (command.notes if command else ())]
    lines = [f"  {code:<4}{text}" for code, text in sorted(exits.items())]
    return "\n".join([*notes, "exit status:", *lines])


def _add(parser: argparse.ArgumentParser, commands: Commands, place: str) -> None:
    below = parser.add_subparsers(dest=place, metavar="COMMAND", required=True)
    for command in commands:
        inner = below.add_parser(
            command.name,
            aliases=command.aliases,
            help=command.summary,
            description=command.summary,
            epilog=None if command.commands else _epilog(command),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if command.commands:
            _add(inner, command.commands, f"{place}_{command.name}")
            continue
        # May stand before the command and after it.
        _json_argument(inner, argparse.SUPPRESS)
        if command.arguments:
            command.arguments(inner)
        inner.set_defaults(run_command=command.run, takes_rest=command.takes_rest)


def make_parser() -> argparse.ArgumentParser:
    """The parser of `coconut`."""
    parser = argparse.ArgumentParser(
        prog="coconut",
        description="Run, confine and audit agents.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _json_argument(parser, False)
    _add(parser, COMMANDS, "command")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    parser = make_parser()
    words = sys.argv[1:] if argv is None else argv
    # argparse would take options before -- for the end of the positional arguments.
    end = words.index("--") if "--" in words else len(words)
    options = parser.parse_args(words[:end])
    options.rest = words[end + 1 :]
    if options.rest and not options.takes_rest:
        parser.error(f"unrecognized arguments: {' '.join(options.rest)}")
    options.root_parser, options.all_commands = parser, COMMANDS
    try:
        code: int = options.run_command(options, Out(options.json))
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads has enough. What is still buffered must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return FAILED
    except (CoconutError, OSError) as error:
        return report_error(error)
    return code
