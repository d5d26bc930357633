# SPDX-License-Identifier: Apache-2.0
"""spawn, run, ps, tree, show."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from .. import caps, syscalls
from .. import manifest as manifests
from ..abi import QUOTA_UNLIMITED, QuotaKind
from ..agentfs import AgentFs, AgentStatus
from ..aid import format_aid
from ..daemon_client import SOCKET, call, listening
from ..errors import CoconutError
from ..spellings import read
from ..templates import read_template, within
from .base import (
    Command,
    Commands,
    Out,
    agentfs,
    aid_arguments,
    key_argument,
    signed_manifest,
    template_text,
)

__all__ = ["COMMANDS", "run_in_agent"]

CANNOT_SPAWN, CANNOT_EXECUTE, NOT_FOUND = 125, 126, 127


def _manifest_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "manifest", type=Path, metavar="MANIFEST", help="signed, or YAML or TOML with --key"
    )
    key_argument(parser)
    parser.add_argument(
        "--cap",
        action="append",
        metavar="CAPABILITY",
        help="hold only this one, a subset of the manifest's; may be given several times",
    )
    parser.add_argument(
        "--template",
        metavar="TEMPLATE",
        help="hold only what this template allows too: its name in /agent/policy/caps, or a file",
    )


def _cap_set(options: argparse.Namespace, data: bytes) -> bytes | None:
    """The capabilities to hold, where they are not simply the manifest's."""
    held = [cap for text in options.cap or () for cap in read(text)]
    if options.template is None:
        return caps.encode_list(held) if held else None
    manifest = manifests.parse_signed(data).manifest
    home = str(Path.home())
    allowed = read_template(template_text(options.template), tenant=manifest.tenant, home=home)
    return caps.encode_list(within(held or manifest.capabilities, allowed))


def _spawn_arguments(parser: argparse.ArgumentParser) -> None:
    _manifest_arguments(parser)
    parser.add_argument(
        "--no-daemon", action="store_true", help="ask the kernel itself; nothing runs in it then"
    )


def _spawn(options: argparse.Namespace, out: Out) -> int:
    data = signed_manifest(options.manifest, options.key)
    cap_set = _cap_set(options, data)
    result: dict[str, Any]
    if not options.no_daemon and listening():
        args: dict[str, Any] = {"manifest": data}
        if cap_set is not None:
            args["caps"] = cap_set
        result = call("spawn", args)
        result["aid"] = format_aid(result["aid"])
    else:
        result = {"aid": format_aid(syscalls.spawn(data, cap_set).aid)}
    out.result(result, result["aid"])
    return 0


def run_in_agent(data: bytes, cap_set: bytes | None, argv: Sequence[str]) -> int:
    """Runs a command in a new agent; returns its exit status as a shell has it.

    125: no agent; 126: the command may not or cannot be executed; 127: there is none.

    Raises:
        OSError: agent_spawn() failed.
    """
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _become(data, cap_set, argv, theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        return _wait(child, pipe.read)


def _become(data: bytes, cap_set: bytes | None, argv: Sequence[str], pipe: int) -> None:
    """The child: enters, executes. The pipe closes when that worked."""
    code = CANNOT_SPAWN
    try:
        syscalls.spawn(data, cap_set, enter=True)
        code = CANNOT_EXECUTE
        os.execvp(argv[0], list(argv))
    except FileNotFoundError as error:
        code = NOT_FOUND if code == CANNOT_EXECUTE else code
        os.write(pipe, f"{argv[0]}: {error.strerror}".encode())
    except OSError as error:
        what = argv[0] + ": " if code == CANNOT_EXECUTE else ""
        os.write(pipe, f"{what}{error.strerror}".encode())
    finally:
        os._exit(code)


def _wait(child: int, failure: Callable[[], bytes]) -> int:
    def forward(number: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    old = {number: signal.signal(number, forward) for number in (signal.SIGTERM, signal.SIGHUP)}
    # The terminal sends these to both.
    old |= {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGQUIT)}
    try:
        message = failure()
        _, status = os.waitpid(child, 0)
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
    if message:
        print(f"coconut: {message.decode(errors='replace')}", file=sys.stderr)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    _manifest_arguments(parser)
    parser.add_argument(
        "command",
        nargs="*",
        metavar="COMMAND",
        help="program and arguments, after --; by default argv of the manifest",
    )


def _run(options: argparse.Namespace, _out: Out) -> int:
    data = signed_manifest(options.manifest, options.key)
    argv = [*options.command, *options.rest] or manifests.parse_signed(data).manifest.argv
    if not argv:
        raise CoconutError("nothing to run", hint="coconut run MANIFEST -- COMMAND")
    if not syscalls.is_coconut():
        raise syscalls.oserror("agent_spawn", 38)
    return run_in_agent(data, _cap_set(options, data), argv)


def _ps_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", "-a", action="store_true", help="agents that have ended too")
    parser.add_argument("--tenant", help="only of this tenant")


def _ps(options: argparse.Namespace, out: Out) -> int:
    rows = [
        (
            format_aid(s.aid),
            s.name,
            s.word,
            _mode(s),
            s.tenant,
            s.lane.name.lower(),
            format_aid(s.parent),
            s.tasks,
            s.children,
            s.denials,
        )
        for s in agentfs().statuses(ended=options.all)
        if options.tenant in (None, s.tenant)
    ]
    head = (
        *("AID", "NAME", "STATE", "MODE", "TENANT", "LANE"),
        *("PARENT", "TASKS", "CHILDREN", "DENIALS"),
    )
    out.table(head, rows)
    return 0


def _mode(status: AgentStatus) -> str:
    return "permissive" if status.permissive else "enforced"


def _tree(_options: argparse.Namespace, out: Out) -> int:
    every = {status.aid: status for status in agentfs().statuses()}
    below: dict[int, list[int]] = {}
    tops = []
    for status in every.values():
        # Who sees only a part of the tree sees it from where it starts.
        if status.parent in every and status.parent != status.aid:
            below.setdefault(status.parent, []).append(status.aid)
        else:
            tops.append(status.aid)
    if out.as_json:
        out.result([_branch(aid, every, below) for aid in tops], "")
        return 0
    for aid in tops:
        print(_label(every[aid]))
        _print_below(aid, every, below, "")
    return 0


def _label(status: AgentStatus) -> str:
    mode = " permissive" if status.permissive else ""
    return f"{format_aid(status.aid)} {status.name} {status.word}{mode}"


def _branch(aid: int, every: dict[int, AgentStatus], below: dict[int, list[int]]) -> dict[str, Any]:
    status = every[aid]
    return {
        "aid": format_aid(aid),
        "name": status.name,
        "state": status.word,
        "mode": _mode(status),
        "children": [_branch(child, every, below) for child in below.get(aid, [])],
    }


def _print_below(
    aid: int, every: dict[int, AgentStatus], below: dict[int, list[int]], indent: str
) -> None:
    children = below.get(aid, [])
    for i, child in enumerate(children):
        last = i == len(children) - 1
        print(f"{indent}{'└─ ' if last else '├─ '}{_label(every[child])}")
        _print_below(child, every, below, indent + ("   " if last else "│  "))


def budget_text(value: int) -> str:
    return "unlimited" if value == QUOTA_UNLIMITED else str(value)


def _budgets(fs: AgentFs, aid: int) -> dict[str, Any]:
    found = {}
    for kind in QuotaKind:
        with suppress(FileNotFoundError):
            quota = fs.budget(aid, kind)
            found[kind.name.lower()] = {
                "limit": budget_text(quota.limit),
                "used": quota.used,
                "reserved": quota.reserved,
                "high_water": quota.high_water,
                "stalls": quota.stalls,
            }
    return found


def _show(options: argparse.Namespace, out: Out) -> int:
    fs = agentfs()
    status = fs.status(options.aid)
    held = fs.caps(options.aid)
    value = {
        **vars(status),
        "aid": format_aid(status.aid),
        "parent": format_aid(status.parent),
        "state": status.word,
        "lane": status.lane.name.lower(),
        "budget": _budgets(fs, options.aid),
        "caps": [vars(cap) for cap in held],
    }
    del value["word"]
    out.result(value, lambda: _show_text(value))
    return 0


def _show_text(value: dict[str, Any]) -> str:
    lines = [
        f"{key.replace('_', ' '):<12}{item}"
        for key, item in value.items()
        if key not in ("budget", "caps") and item is not None
    ]
    lines += ["", "budget"]
    for kind, quota in value["budget"].items():
        lines.append(f"  {kind:<18}{quota['used']} of {quota['limit']}")
    lines += ["", "capabilities"]
    lines += [f"  {cap['id']:<6}{cap['text']}" for cap in value["caps"]]
    return "\n".join(lines)


COMMANDS: Commands = (
    Command(
        "spawn",
        f"make an agent of a manifest; coconutd runs its argv (through {SOCKET})",
        _spawn_arguments,
        _spawn,
    ),
    Command(
        "run",
        "run a command in a new agent, and exit as it does",
        _run_arguments,
        _run,
        takes_rest=True,
        exits=(
            (CANNOT_SPAWN, "No agent could be spawned."),
            (CANNOT_EXECUTE, "The command could not be executed."),
            (NOT_FOUND, "There is no such command."),
        ),
    ),
    Command("ps", "list agents", _ps_arguments, _ps),
    Command("tree", "show who spawned whom", None, _tree),
    Command("show", "show all there is of an agent", aid_arguments, _show),
)
