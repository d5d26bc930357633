# SPDX-License-Identifier: Apache-2.0
"""What every command shares: exit codes, output, arguments, where keys and manifests come from."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import manifest as manifests
from ..agentfs import ROOT, AgentFs, NotMountedError
from ..aid import parse_aid
from ..errors import CoconutError
from ..figures import GROUPS, Snapshot, snapshot
from ..keys import SecretKey
from ..syscalls import NOT_COCONUT

__all__ = [
    "DENIED",
    "EXIT_TEXTS",
    "FAILED",
    "NO_KERNEL",
    "OK",
    "USAGE",
    "Command",
    "Commands",
    "Out",
    "UsageError",
    "agentfs",
    "aid_argument",
    "aid_arguments",
    "figures",
    "hex_argument",
    "report_error",
    "signed_manifest",
    "template_text",
]

OK, FAILED, USAGE, NO_KERNEL, DENIED = 0, 1, 2, 3, 4
#: Exit codes of every command; `run` and `audit verify` say more.
EXIT_TEXTS: Mapping[int, str] = {
    OK: "Done.",
    FAILED: "It failed; the message says why.",
    USAGE: "The command line is wrong.",
    NO_KERNEL: "It needs a Coconut kernel, and this is none.",
    DENIED: "The kernel said no.",
}
#: COSE_Sign1 opens with its tag.
SIGN1_MARK = b"\xd2"
KEY_VARIABLE = "COCONUT_KEY"


class UsageError(CoconutError):
    """The command line is wrong."""


@dataclass(frozen=True)
class Command:
    """One command, or a group of them.

    Attributes:
        name: The word on the command line.
        summary: One line.
        arguments: Adds them to its parser.
        run: Does it; returns the exit code.
        commands: Those of a group; then there is nothing to run.
        exits: Exit codes of its own.
        takes_rest: What follows -- is its `rest`.
        notes: Paragraphs below its options, in --help and on its page.
        aliases: Other words for it.
    """

    name: str
    summary: str
    arguments: Callable[[argparse.ArgumentParser], None] | None = None
    run: Callable[[argparse.Namespace, Out], int] | None = None
    commands: tuple[Command, ...] = ()
    exits: tuple[tuple[int, str], ...] = ()
    takes_rest: bool = False
    notes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


Commands = tuple[Command, ...]


@dataclass
class Out:
    """Where results go: tables for people, JSON for programs."""

    as_json: bool = False

    def result(self, value: Any, text: str | Callable[[], str]) -> None:
        """A result: its JSON, or its text."""
        if self.as_json:
            print(json.dumps(value, indent=2))
        else:
            shown = text if isinstance(text, str) else text()
            if shown:
                print(shown)

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Rows under a head: aligned columns, or a list of objects."""
        cells = [[str(cell) for cell in row] for row in rows]
        if self.as_json:
            keys = [name.lower().replace(" ", "_") for name in head]
            print(json.dumps([dict(zip(keys, row, strict=True)) for row in cells], indent=2))
            return
        widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
        for row in (list(head), *cells):
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print(printable(line.rstrip()))

    def line(self, value: Mapping[str, Any], text: str) -> None:
        """One of a stream: a JSON line, or text."""
        print(json.dumps(value) if self.as_json else printable(text), flush=True)


def printable(text: str) -> str:
    """Names come from outside: nothing of them may speak to the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def report_error(error: Exception) -> int:
    """Says what went wrong and what to do next; returns the exit code."""
    print(f"coconut: {error}", file=sys.stderr)
    hint = getattr(error, "hint", "")
    code = FAILED
    if isinstance(error, UsageError):
        code = USAGE
    elif isinstance(error, NotMountedError):
        code = NO_KERNEL
    elif isinstance(error, OSError):
        if NOT_COCONUT in str(error):
            code, hint = NO_KERNEL, "coconut doctor says what there is"
        elif error.errno in (errno.EPERM, errno.EACCES):
            code = DENIED
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return code


def agentfs() -> AgentFs:
    """/agent, or what COCONUT_AGENTFS names."""
    return AgentFs(Path(os.environ.get("COCONUT_AGENTFS", ROOT)))


def figures() -> Snapshot:
    """What agents use now; COCONUT_GROUPS names another place for their cgroups.

    Raises:
        AgentFsError, OSError: It cannot be read.
    """
    return snapshot(agentfs(), Path(os.environ.get("COCONUT_GROUPS", GROUPS)))


def aid_argument(text: str) -> int:
    """An argparse type: a:00017 or 17."""
    try:
        return parse_aid(text)
    except CoconutError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def aid_arguments(parser: argparse.ArgumentParser) -> None:
    """What a command has that is about one agent."""
    parser.add_argument("aid", type=aid_argument, metavar="AID", help="a:00017 or 17")


def hex_argument(size: int | None = None) -> Callable[[str], bytes]:
    """An argparse type: hexadecimal bytes, so many of them."""

    def convert(text: str) -> bytes:
        try:
            data = bytes.fromhex(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"not hexadecimal: {text}") from None
        if size is not None and len(data) != size:
            raise argparse.ArgumentTypeError(f"{len(data)} bytes, not {size}")
        return data

    return convert


def key_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help=f"secret key to sign with (by default what {KEY_VARIABLE} names)",
    )


def secret_key(path: Path | None) -> SecretKey:
    """The key to sign with.

    Raises:
        UsageError: None was named.
        KeyFileError, OSError: It cannot be used.
    """
    if path is None and KEY_VARIABLE in os.environ:
        path = Path(os.environ[KEY_VARIABLE])
    if path is None:
        raise UsageError(
            "a manifest that is not signed yet, and no key to sign it with",
            hint=f"--key FILE, or {KEY_VARIABLE}; coconut keys new FILE makes one",
        )
    return SecretKey.read(path)


def template_text(name: str) -> str:
    """A template: a file, or what /agent/policy/caps has by that name.

    Raises:
        UsageError: It is neither.
        OSError: It cannot be read.
    """
    folder = agentfs().root / "policy/caps"
    path = Path(name) if "/" in name or name.endswith(".caps") else folder / name
    if not path.is_file():
        there = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        hint = f"there are {', '.join(there)}" if there else f"{folder} has none; name a file"
        raise UsageError(f"no template {name}", hint=hint)
    return path.read_text(encoding="utf-8")


def signed_manifest(path: Path, key: Path | None) -> bytes:
    """COSE_Sign1 of a file: as it is, or compiled and signed.

    Raises:
        UsageError, ManifestError, KeyFileError, OSError: It cannot be had.
    """
    data = path.read_bytes()
    if data.startswith(SIGN1_MARK):
        return data
    return manifests.load(path).sign(secret_key(key))
