# SPDX-License-Identifier: Apache-2.0
"""top: what agents use, as a live view or once as text."""

from __future__ import annotations

import argparse
import sys

from .base import Command, Commands, Out, UsageError, figures
from .top_rows import BY_NAME, COLUMNS, TENANT_HEAD, View, rows, tenant_rows

__all__ = ["COMMANDS"]

INTERVAL_LEAST = 0.1


def _column(text: str) -> str:
    name = text.upper()
    if name not in BY_NAME:
        raise argparse.ArgumentTypeError(f"one of {', '.join(BY_NAME).lower()}")
    return name


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="print it once, as text")
    parser.add_argument(
        "--sort", type=_column, default="CPU", metavar="COLUMN", help="by which column; cpu"
    )
    parser.add_argument("--reverse", action="store_true", help="the other way round")
    parser.add_argument("--filter", default="", metavar="TEXT", help="only rows with this text")
    parser.add_argument(
        "--interval", type=float, default=2.0, metavar="SECONDS", help="between two looks; 2"
    )


def _once(view: View, out: Out) -> int:
    now = figures()
    if not out.as_json:
        out.table(TENANT_HEAD, tenant_rows(now))
        print()
    out.table([column.name for column in COLUMNS], rows(now, None, view))
    return 0


def _watch(view: View, interval: float) -> int:
    # What draws takes longer to import than all the rest takes to run.
    from .top_screen import Top

    Top(figures, view, interval).run()
    return 0


def _top(options: argparse.Namespace, out: Out) -> int:
    view = View(options.sort, options.reverse, options.filter)
    if options.interval < INTERVAL_LEAST:
        raise UsageError(
            f"--interval {options.interval:g}: too short", hint=f"at least {INTERVAL_LEAST:g}"
        )
    if options.once or out.as_json:
        return _once(view, out)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("a live view needs a terminal", hint="--once prints it as text")
    return _watch(view, options.interval)


COMMANDS: Commands = (
    Command(
        "top",
        "watch what agents use: lanes, budgets, states, pressure",
        _arguments,
        _top,
        notes=(
            "Keys: < and > choose the column to sort by, r turns the order round, / filters, "
            "p pauses, q quits.",
            "CPU is a share of one CPU. PRESSURE is the share of the last ten seconds in which "
            "a task waited for the CPU, memory and the disk.",
        ),
    ),
)
