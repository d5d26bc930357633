# SPDX-License-Identifier: Apache-2.0
"""The build's commands, one a target of the Makefile."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pycoconut.guest.definition import load
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import Base, Places, load_base, places
from pycoconut.kbuild.console import Console, Failure
from pycoconut.kbuild.coverage import KERNEL, Coverage
from pycoconut.kbuild.kernel import Kernel, variant
from pycoconut.kbuild.series import Series
from pycoconut.kbuild.testrun import TestRun

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


def _build(ctx: Context, *names: str) -> None:
    for name in names:
        Kernel(ctx.console, ctx.base, ctx.where, variant(name)).build()


def _kernel(ctx: Context) -> int:
    _build(ctx, ctx.args.variant)
    return 0


def _image(ctx: Context) -> int:
    """iso, run and demo stand on the vm kernel; the rest of them is the image's."""
    _build(ctx, "vm")
    dry = ["--dry-run"] if ctx.console.dry_run else []
    return ctx.module("pycoconut.imgbuild", ctx.args.command, *dry)


def _deps(ctx: Context) -> int:
    ctx.console.say("nothing is missing")
    return 0


def _test(ctx: Context) -> int:
    """Status 0 only if nothing failed and nothing was skipped: a skip has proved nothing."""
    run = TestRun(ctx.console, ctx.base, ctx.where)
    total = run.run(quick=ctx.args.quick, only=ctx.args.only)
    return 1 if total.failed or total.skipped or not total.passed else 0


def _coverage(ctx: Context) -> int:
    run = TestRun(ctx.console, ctx.base, ctx.where, uml=KERNEL, debug=KERNEL)
    total = Coverage(run).measure()
    return 1 if total.failed or not total.passed else 0


def _bench(ctx: Context) -> int:
    _build(ctx, "uml", "vm", "vm-base")
    return ctx.module("pycoconut.bench")


def _baseline(ctx: Context) -> int:
    _build(ctx, "vm", "vm-base")
    return ctx.module("tests.guest.kselftest.record")


def _shell(ctx: Context) -> int:
    name = ctx.args.guest
    kernel = load(ctx.where.repo / "qemu" / f"{name}.toml").kernel
    _build(ctx, kernel)
    job = Job(["bash"], ctx.where.repo, interactive=True)
    Runner(ctx.console, ctx.where).run(name, job, f"shell-{name}")
    return 0


def _refresh(ctx: Context) -> int:
    Series(ctx.console, ctx.base, ctx.where).refresh(ctx.args.branch)
    return 0


def _series(ctx: Context) -> int:
    Series(ctx.console, ctx.base, ctx.where).write(build=ctx.args.build)
    return 0


def _regen(ctx: Context) -> int:
    return ctx.module("syscalls.gen")


COMMANDS: dict[str, Callable[[Context], int]] = {
    "deps": _deps,
    "kernel": _kernel,
    "iso": _image,
    "run": _image,
    "demo": _image,
    "test": _test,
    "coverage": _coverage,
    "bench": _bench,
    "baseline": _baseline,
    "shell": _shell,
    "regen": _regen,
    "refresh": _refresh,
    "series": _series,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="coconut-build", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        one = commands.add_parser(name)
        one.add_argument("--dry-run", action="store_true", help="print the commands only")
        if name == "kernel":
            one.add_argument("variant", nargs="?", default="vm")
        elif name == "test":
            one.add_argument(
                "--quick", action="store_true", help="the layers and the tests that are not slow"
            )
            one.add_argument("--only", default="", help="one layer")
        elif name == "shell":
            one.add_argument("guest", nargs="?", default="uml")
        elif name == "refresh":
            one.add_argument("branch", nargs="?", default="")
        elif name == "series":
            one.add_argument("--build", action="store_true", help="build each commit too")
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
