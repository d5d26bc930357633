# SPDX-License-Identifier: Apache-2.0
"""approvals: what waits for a human's answer."""

from __future__ import annotations

import argparse
import os
import select
import sys
from typing import Any

from ..aid import format_aid
from ..approvals import Approval, Approvals
from ..errors import CoconutError
from .base import FAILED, OK, Command, Commands, Out, UsageError, agentfs

__all__ = ["COMMANDS"]

HELP = "a NUMBER allows it, d NUMBER denies it, l lists them, q ends"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "allow", "deny", "view"),
        default="list",
        help="view shows requests as they come, and reads answers, a line each: " + HELP,
    )
    parser.add_argument("id", nargs="*", type=int, metavar="ID", help="which to allow or deny")
    parser.add_argument(
        "--watch", action="store_true", help="list them as they come, a line each, and go on"
    )


def _value(one: Approval) -> dict[str, Any]:
    return {
        "id": one.id,
        "aid": format_aid(one.aid),
        "pid": one.pid,
        "comm": one.comm.decode("utf-8", "backslashreplace"),
        "waits": one.waits,
        "seconds": one.seconds,
        "class": one.kind,
        "rights": list(one.rights),
        "object": one.object.decode("utf-8", "backslashreplace"),
    }


def _text(one: Approval) -> str:
    what = f"{one.kind} {','.join(one.rights)} {one.object.decode('utf-8', 'backslashreplace')}"
    how = "" if one.waits else " (denied for now; allowed, it may try again)"
    comm = one.comm.decode("utf-8", "backslashreplace")
    return f"{one.id}: {format_aid(one.aid)} {comm} ({one.pid}) wants {what}{how}"


def _list(queue: Approvals, out: Out) -> int:
    found = queue.read()
    if out.as_json:
        out.result([_value(one) for one in found], "")
        return OK
    head = ("ID", "AID", "PID", "PROGRAM", "SECONDS", "CLASS", "RIGHTS", "OBJECT")
    rows = [
        (v["id"], v["aid"], v["pid"], v["comm"], v["seconds"], v["class"], ",".join(v["rights"]),
         v["object"])
        for v in map(_value, found)
    ]  # fmt: skip
    out.table(head, rows)
    return OK


def _answer(queue: Approvals, out: Out, numbers: list[int], allow: bool) -> int:
    """All of them, whatever becomes of each."""
    word = "allowed" if allow else "denied"
    code = OK
    for number in numbers:
        try:
            queue.answer(number, allow)
        except FileNotFoundError:
            print(f"coconut: request {number} does not wait (any more)", file=sys.stderr)
            code = FAILED
        else:
            out.line({"id": number, "answer": word}, f"{number} {word}")
    return code


def _typed(queue: Approvals, out: Out, line: str) -> bool:
    """Does what a line says; False: it says to end."""
    word, _, rest = line.strip().partition(" ")
    if word in ("q", "quit"):
        return False
    if word in ("l", "list"):
        for one in queue.read():
            out.line(_value(one), _text(one))
    elif word in ("a", "allow", "d", "deny") and rest.strip().isdecimal():
        _answer(queue, out, [int(rest)], word.startswith("a"))
    elif word:
        print(HELP, file=sys.stderr)
    return True


def _view(queue: Approvals, out: Out) -> int:
    """Needs no terminal: answers are lines of whatever standard input is."""
    poll = select.poll()
    poll.register(queue, select.POLLPRI)
    poll.register(sys.stdin, select.POLLIN)
    print(HELP, file=sys.stderr)
    shown = 0
    pending = b""
    while True:
        for one in queue.read():
            if one.id > shown:
                shown = one.id
                out.line(_value(one), _text(one))
        if sys.stdin.fileno() not in {fd for fd, _ in poll.poll()}:
            continue
        block = os.read(sys.stdin.fileno(), 4096)
        *lines, pending = (pending + block).split(b"\n")
        if not block and pending:
            lines, pending = [pending], b""
        for line in lines:
            if not _typed(queue, out, line.decode("utf-8", "replace")):
                return OK
        if not block:
            return OK


def _approvals(options: argparse.Namespace, out: Out) -> int:
    answers = options.action in ("allow", "deny")
    if answers != bool(options.id):
        raise UsageError("allow and deny take the ids of requests, and nothing else does")
    if options.watch and options.action != "list":
        raise UsageError("--watch goes with list")
    if any(number < 1 for number in options.id):
        raise CoconutError("the id of a request is at least 1", hint="coconut approvals")
    with Approvals(agentfs().root) as queue:
        if answers:
            return _answer(queue, out, options.id, options.action == "allow")
        if options.action == "view":
            return _view(queue, out)
        if not options.watch:
            return _list(queue, out)
        for one in queue.new():
            out.line(_value(one), _text(one))
    return OK


COMMANDS: Commands = (
    Command(
        "approvals", "list what waits for approval; allow or deny it, once", _arguments, _approvals
    ),
)
