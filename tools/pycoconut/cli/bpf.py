# SPDX-License-Identifier: Apache-2.0
"""bpf enforce."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from .. import bpf
from .. import manifest as manifests
from ..errors import CoconutError
from .base import SIGN1_MARK, Command, Commands, Out

__all__ = ["COMMANDS"]


def _manifest(path: Path) -> manifests.Manifest:
    """Signed, or as it is written: there is no kernel here that would want a signature."""
    data = path.read_bytes()
    if not data.startswith(SIGN1_MARK):
        return manifests.load(path)
    signed = manifests.parse_signed(data)
    if not signed.verified:
        raise CoconutError(f"{path}: the signature is not that of its authorizer")
    return signed.manifest


def _enforce_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path, metavar="MANIFEST", help="YAML or TOML, or signed")
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="write denials there (by default: stderr)"
    )
    parser.add_argument(
        "--quiet", action="store_true", help="do not say which parts cannot be held"
    )
    parser.add_argument(
        "command",
        nargs="*",
        metavar="COMMAND",
        help="program and arguments, after --; by default argv of the manifest",
    )


def _enforce(options: argparse.Namespace, _out: Out) -> int:
    manifest = _manifest(options.manifest)
    argv = [*options.command, *options.rest] or manifest.argv
    if not argv:
        raise CoconutError("nothing to run", hint="coconut bpf enforce MANIFEST -- COMMAND")
    policy = bpf.translate(manifest)
    if not options.quiet:
        for part in (*policy.not_held, *bpf.NEVER_HELD):
            print(f"coconut: not held: {part}", file=sys.stderr)
    with ExitStack() as stack:
        log: TextIO = sys.stderr
        if options.log:
            log = stack.enter_context(options.log.open("a", encoding="ascii"))
        programs = bpf.Programs()
        code = bpf.run(programs, policy, argv, lambda d: print(d.line(), file=log, flush=True))
        if untold := programs.untold():
            print(f"coconut: {untold} more denials, not told in time", file=sys.stderr)
    return code


COMMANDS: Commands = (
    Command(
        "bpf",
        "hold programs to a manifest on a kernel that is not Coconut",
        commands=(
            Command(
                "enforce",
                "run a command held to a manifest by BPF-LSM programs, and exit as it does",
                _enforce_arguments,
                _enforce,
                takes_rest=True,
                exits=(
                    (bpf.CANNOT_HOLD, "It could not be held."),
                    (bpf.CANNOT_EXECUTE, "The command could not be executed."),
                    (bpf.NOT_FOUND, "There is no such command."),
                ),
                notes=(
                    "A Linux kernel from 5.15 on, root, bcc (Debian: python3-bpfcc), and bpf "
                    "among the active LSMs are needed. The command and all that it starts can "
                    "do what the capabilities of the manifest allow, in the classes fs, exec, "
                    "net and agent; mounts, bpf, modules and ptrace of others are refused. "
                    "Denials are told as JSON lines, each a record less its number and its MAC.",
                    "What it cannot hold: " + "; ".join(bpf.NEVER_HELD) + ".",
                    "A capability with a limit, one by digest, or one of another class gives "
                    "nothing; a manifest that lists code is refused.",
                    "When the command ends, everything that it started is killed. When this "
                    "program or its guard is killed, the other first kills all that is held.",
                ),
            ),
        ),
    ),
)
