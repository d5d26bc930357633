# SPDX-License-Identifier: Apache-2.0
"""The build's commands, one a target of the Makefile."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pycoconut.kbuild.base import Base, Places, load_base, places
from pycoconut.kbuild.console import Console, Failure
from pycoconut.kbuild.kernel import Kernel, variant

__all__ = ["main"]


@dataclass(frozen=True)
class Context:
    """What each command is given."""

    console: Console
    base: Base
    where: Places
    args: argparse.Namespace

    def module(self, name: str, *words: str) -> int:
        """Run another module of ours with this Python; return its status."""
        argv = [sys.executable, "-m", name, *words]
        self.console.show(argv)
        if self.console.dry_run and "--dry-run" not in words:
            return 0
        return subprocess.run(argv, cwd=self.where.repo).returncode


def _kernel(ctx: Context) -> int:
    Kernel(ctx.console, ctx.base, ctx.where, variant(ctx.args.variant)).build()
    return 0


def _image(ctx: Context) -> int:
    """iso, run and demo stand on the vm kernel; the rest of them is the image's."""
    Kernel(ctx.console, ctx.base, ctx.where, variant("vm")).build()
    dry = ["--dry-run"] if ctx.console.dry_run else []
    return ctx.module("pycoconut.imgbuild", ctx.args.command, *dry)


def _deps(ctx: Context) -> int:
    ctx.console.say("nothing is missing")
    return 0


def _regen(ctx: Context) -> int:
    return ctx.module("syscalls.gen")


def _clean(ctx: Context) -> int:
    ctx.console.show(["rm", "-rf", str(ctx.where.build)])
    if not ctx.console.dry_run:
        shutil.rmtree(ctx.where.build, ignore_errors=True)
    return 0


COMMANDS: dict[str, Callable[[Context], int]] = {
    "deps": _deps,
    "kernel": _kernel,
    "iso": _image,
    "run": _image,
    "demo": _image,
    "regen": _regen,
    "clean": _clean,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="coconut-build", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        one = commands.add_parser(name)
        one.add_argument("--dry-run", action="store_true", help="print the commands only")
        if name == "kernel":
            one.add_argument("variant", nargs="?", default="vm")
    return parser


def main(argv: Sequence[str]) -> int:
    """Run one command; return its status. A Failure is told with its hint, as status 1."""
    args = _parser().parse_args(argv)
    where = places()
    console = Console(where.logs, where.times, dry_run=args.dry_run)
    os.umask(0o022)
    try:
        return COMMANDS[args.command](Context(console, load_base(), where, args))
    except Failure as failure:
        print(f"coconut: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
