# SPDX-License-Identifier: Apache-2.0
"""completion: words for bash, zsh and fish, from the parser itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from .base import Command, Commands, Out

__all__ = ["COMMANDS", "Node", "nodes", "render"]


@dataclass(frozen=True)
class Node:
    """A command or a group: its words so far, and what can follow."""

    path: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]


def nodes(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[Node]:
    """All commands of a parser, groups before what is in them."""
    commands: dict[str, argparse.ArgumentParser] = {}
    helps: dict[str, str] = {}
    options = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            # The rest are other words for the same.
            commands = {name: action.choices[name] for name in helps}
        for word in action.option_strings:
            options.append((word, action.help or ""))
    yield Node(path, tuple((name, helps.get(name, "")) for name in commands), tuple(options))
    for name, inner in commands.items():
        yield from nodes(inner, (*path, name))


def _bash(found: list[Node]) -> str:
    cases = []
    for node in found:
        words = " ".join([name for name, _ in node.commands] + [word for word, _ in node.options])
        cases.append(f'\t"{" ".join(node.path)}") words="{words}" ;;')
    return "\n".join(
        [
            "# bash completion for coconut",
            "_coconut() {",
            '\tlocal current="${COMP_WORDS[COMP_CWORD]}" path="" word words=""',
            '\tfor word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
            '\t\tcase "$word" in -*) ;; *) path="${path:+$path }$word" ;; esac',
            "\tdone",
            "\t# What follows a command's name are its arguments.",
            '\twhile [ -n "$path" ]; do',
            '\t\tcase "$path" in',
            *(f'\t\t"{" ".join(node.path)}") break ;;' for node in found if node.path),
            "\t\tesac",
            '\t\tcase "$path" in *" "*) path="${path% *}" ;; *) path="" ;; esac',
            "\tdone",
            '\tcase "$path" in',
            *cases,
            "\tesac",
            '\tCOMPREPLY=($(compgen -W "$words" -- "$current"))',
            "}",
            "complete -o default -F _coconut coconut",
            "",
        ]
    )


def _quote(text: str) -> str:
    return text.replace("'", "'\\''")


def _zsh(found: list[Node]) -> str:
    cases = []
    for node in found:
        rows = [f"'{name}:{_quote(text)}'" for name, text in (*node.commands, *node.options)]
        cases.append(f"\t'{' '.join(node.path)}') candidates=({' '.join(rows)}) ;;")
    return "\n".join(
        [
            "#compdef coconut",
            "_coconut() {",
            "\tlocal -a before candidates",
            "\tbefore=(${${words[2,CURRENT-1]}:#-*})",
            '\tcase "${before[*]}" in',
            *cases,
            "\tesac",
            "\t_describe command candidates",
            "\t_files",
            "}",
            '_coconut "$@"',
            "",
        ]
    )


def _fish(found: list[Node]) -> str:
    lines = [
        "# fish completion for coconut",
        "function __coconut_at",
        "    set -l words (commandline -opc)[2..]",
        "    set words (string match -v -- '-*' $words)",
        '    test "$words" = "$argv"',
        "end",
    ]
    for node in found:
        at = f"__coconut_at {' '.join(node.path)}".rstrip()
        for name, text in node.commands:
            lines.append(f"complete -c coconut -f -n '{at}' -a {name} -d '{_quote(text)}'")
        for word, text in node.options:
            kind = f"-l {word[2:]}" if word.startswith("--") else f"-s {word[1:]}"
            lines.append(f"complete -c coconut -n '{at}' {kind} -d '{_quote(text)}'")
    return "\n".join([*lines, ""])


SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}


def render(shell: str, parser: argparse.ArgumentParser) -> str:
    """The completion script of a shell."""
    return SHELLS[shell](list(nodes(parser)))


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS)


def _completion(options: argparse.Namespace, _out: Out) -> int:
    print(render(options.shell, options.root_parser), end="")
    return 0


COMMANDS: Commands = (
    Command("completion", "print completion for a shell", _arguments, _completion),
)
