# SPDX-License-Identifier: Apache-2.0
"""man: manual pages, from the same words as --help."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from .base import EXIT_TEXTS, Command, Commands, Out

__all__ = ["COMMANDS", "pages"]

FILES = (
    ("/agent", "What the kernel shows of agents; COCONUT_AGENTFS names another place."),
    ("/run/coconut/coconutd.sock", "Where coconutd listens; COCONUT_SOCKET names another place."),
)
ENVIRONMENT = (("COCONUT_KEY", "Secret key to sign manifests with, where --key is not given."),)


def _roff(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def _flat(commands: Commands, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Command]]:
    for command in commands:
        if command.commands:
            yield from _flat(command.commands, (*path, command.name))
        else:
            yield " ".join((*path, command.name)), command


def _page(name: str, summary: str, body: list[str]) -> str:
    dashed = name.replace(" ", "-")
    head = [
        '.\\" SPDX-License-Identifier: Apache-2.0',
        f'.TH {_roff(dashed.upper())} 1 "" "Coconut OS"',
        ".nh",
        ".ad l",
        ".SH NAME",
        f"{_roff(dashed)} \\- {_roff(summary)}",
    ]
    return "\n".join([*head, *body, ""])


def _exits(extra: tuple[tuple[int, str], ...]) -> list[str]:
    lines = [".SH EXIT STATUS"]
    for code, text in [*EXIT_TEXTS.items(), *sorted(extra)]:
        lines += [".TP", f"{code}", _roff(text)]
    return lines


def _command_page(name: str, command: Command) -> str:
    parser = argparse.ArgumentParser(prog=f"coconut {name}", add_help=False)
    if command.arguments:
        command.arguments(parser)
    usage = parser.format_usage().removeprefix("usage: ")
    body = [".SH SYNOPSIS", _roff(" ".join(usage.split())), ".SH OPTIONS"]
    for action in parser._actions:
        words = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        if action.option_strings and action.nargs != 0:
            metavar = action.metavar or action.dest.upper()
            words += " " + (" ".join(metavar) if isinstance(metavar, tuple) else metavar)
        choices = f" One of {', '.join(map(str, action.choices))}." if action.choices else ""
        body += [".TP", f".B {_roff(words)}", _roff((action.help or "").strip() + choices) or "\\&"]
    body += [".TP", ".B \\-\\-json", "Output for programs.", *_exits(command.exits)]
    if command.notes:
        body.append(".SH NOTES")
    for note in command.notes:
        body += [".PP", _roff(note)]
    body += [".SH SEE ALSO", ".BR coconut (1)"]
    return _page(f"coconut {name}", command.summary, body)


def pages(commands: Commands) -> dict[str, str]:
    """File name -> text: one page for coconut, one for each command."""
    found = {}
    body = [".SH SYNOPSIS", "coconut [\\-\\-json] COMMAND ...", ".SH COMMANDS"]
    for name, command in _flat(commands):
        body += [
            ".TP",
            f".BR coconut\\-{_roff(name.replace(' ', '-'))} (1)",
            _roff(command.summary),
        ]
        found[f"coconut-{name.replace(' ', '-')}.1"] = _command_page(name, command)
    for title, rows in ((".SH ENVIRONMENT", ENVIRONMENT), (".SH FILES", FILES)):
        body.append(title)
        for what, text in rows:
            body += [".TP", f".B {_roff(what)}", _roff(text)]
    found["coconut.1"] = _page("coconut", "run, confine and audit agents", [*body, *_exits(())])
    return found


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to write the pages")


def _man(options: argparse.Namespace, out: Out) -> int:
    options.folder.mkdir(parents=True, exist_ok=True)
    found = pages(options.all_commands)
    for name, text in found.items():
        (options.folder / name).write_text(text)
    out.result(sorted(found), f"wrote {len(found)} pages to {options.folder}")
    return 0


COMMANDS: Commands = (Command("man", "write the manual pages", _arguments, _man),)
