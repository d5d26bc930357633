# SPDX-License-Identifier: Apache-2.0
"""why, version, doctor."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import audit, syscalls
from ..abi import ABI_VERSION, RIGHTS, Class, Decision, Event
from ..agentfs import AgentFs, AgentFsError
from ..aid import format_aid
from ..audit import Filter, Record
from ..caps import CapError, escape, parse
from ..daemon_client import listening
from ..errors import CoconutError
from .audit import record_text
from .base import FAILED, Command, Commands, Out, agentfs

__all__ = ["COMMANDS", "explain"]

NET = re.compile(rb"(tcp|udp|any)/(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]+)")
NEVER = frozenset({Class.MOUNT, Class.IPC, Class.TASK, Class.KERNEL, Class.URING})


@dataclass(frozen=True)
class Reason:
    """Why a record says what it says; `would_do`: what would have allowed it."""

    text: str
    would_do: tuple[str, ...] = ()


def explain(record: Record) -> Reason:
    """Of a denial: which capability was missing, and the narrowest ones that would do."""
    who = format_aid(record.aid)
    if record.decision == Decision.ALLOWED:
        return Reason(f"allowed by capability {record.capability} of {who}")
    if record.decision == Decision.NONE:
        return Reason("nothing was decided here")
    if record.event == Event.SPAWN:
        name = os.strerror(-record.result)
        return Reason(f"a spawn by {who} failed: {name}", ("agent:children/1:spawn",))
    if record.kind in NEVER:
        name = record.kind.name.lower()
        return Reason(f"class {name} is denied to every agent; no capability opens it")
    if record.event in (Event.PRESENT, Event.GRANT):
        return Reason(f"no capability of {who} covers the request", _request(record.object))
    return Reason(
        f"no capability of {who} covers this, or one that did has run out",
        tuple(_narrowest(record)),
    )


def _request(text: bytes) -> tuple[str, ...]:
    """The object of PRESENT is the request as text; of GRANT an AID stands before it."""
    plain = re.sub(rb"^a:[0-9]+ ", b"", text).decode("utf-8", "replace")
    try:
        return (str(parse(plain)),)
    except CapError:
        return ()


def _narrowest(record: Record) -> Iterator[str]:
    what = record.object
    if record.kind in (Class.FS, Class.EXEC) and what.startswith(b"/"):
        path = escape(what).replace("*", "\\x2a")
        for right in RIGHTS[record.kind]:
            yield f"{record.kind.name.lower()}:{path}:{str(right.name).lower()}"
    elif record.kind == Class.NET and (match := NET.fullmatch(what)):
        address = (match[2] or match[3]).decode()
        proto, length = match[1].decode(), 128 if match[2] else 32
        for right in RIGHTS[Class.NET]:
            name = str(right.name).lower()
            yield f"net:{proto}/{address}/{length}/{match[4].decode()}:{name}"
    elif record.kind == Class.NET and what.startswith(b"unix/@"):
        for right in RIGHTS[Class.NET]:
            yield f"net:unix/@{escape(what[6:])}:{str(right.name).lower()}"
    elif record.kind == Class.AGENT and (match := re.match(rb"a:([0-9]+)(?:/([a-z]+))?", what)):
        for right in RIGHTS[Class.AGENT]:
            name = str(right.name).lower()
            if match[2] is None or match[2].decode() == name:
                yield f"agent:aid/{int(match[1])}/0:{name}"
    elif record.kind == Class.SVC:
        yield f"svc:{escape(what)}:use"


def _why_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("seq", type=int, metavar="SEQ", help="which record")
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="log; else the kernel")


def _why(options: argparse.Namespace, out: Out) -> int:
    wanted = Filter(first=options.seq, last=options.seq)
    record = next(iter(audit.records(options.files, wanted)), None)
    if record is None:
        raise CoconutError(
            f"no record {options.seq}", hint="coconut audit tail shows the last ones"
        )
    reason = explain(record)

    def text() -> str:
        lines = [record_text(record), reason.text]
        if len(reason.would_do) > 1:
            lines.append("the record does not say which right was asked for; it is one of")
        elif reason.would_do:
            lines.append("this would do")
        return "\n".join([*lines, *(f"    {cap}" for cap in reason.would_do)])

    out.result(
        {"record": record.to_json(), "reason": reason.text, "would_do": list(reason.would_do)},
        text,
    )
    return 0


def _versions() -> dict[str, Any]:
    try:
        own = metadata.version("pycoconut")
    except metadata.PackageNotFoundError:
        own = "not installed"
    fs = agentfs()
    return {
        "pycoconut": own,
        "abi": ABI_VERSION,
        "kernel": os.uname().release,
        "kernel_abi": int(fs.abi()["version"]) if fs.mounted else None,
    }


def _version(_options: argparse.Namespace, out: Out) -> int:
    found = _versions()
    lines = [f"{key.replace('_', ' '):<12}{value}" for key, value in found.items() if value]
    out.result(found, "\n".join(lines))
    return 0


def _check_kernel(_fs: AgentFs) -> tuple[bool, str]:
    there = syscalls.is_coconut()
    return there, "has the agent calls" if there else syscalls.NOT_COCONUT


def _check_agentfs(fs: AgentFs) -> tuple[bool, str]:
    return fs.mounted, f"{fs.root} is {'' if fs.mounted else 'not '}mounted"


def _check_abi(fs: AgentFs) -> tuple[bool, str]:
    version = int(fs.abi()["version"])
    return version >= ABI_VERSION, f"kernel {version}, this package {ABI_VERSION}"


def _check_lsm(_fs: AgentFs) -> tuple[bool, str]:
    active = Path("/sys/kernel/security/lsm").read_text().split(",")
    return "coconut" in active, f"active: {','.join(active)}"


def _check_chain(fs: AgentFs) -> tuple[bool, str]:
    stats = fs.stats()
    return stats["lost"] == "0", f"{stats['recorded']} records, {stats['lost']} lost"


def _check_keyring(fs: AgentFs) -> tuple[bool, str]:
    sealed, keys = fs.authorizers()
    return sealed and bool(keys), f"{'sealed' if sealed else 'open'}, {len(keys)} keys"


def _check_daemon(_fs: AgentFs) -> tuple[bool, str]:
    there = listening()
    return there, "answers" if there else "does not answer"


CHECKS: tuple[tuple[str, Callable[[AgentFs], tuple[bool, str]]], ...] = (
    ("kernel", _check_kernel),
    ("agentfs", _check_agentfs),
    ("abi", _check_abi),
    ("lsm", _check_lsm),
    ("chain", _check_chain),
    ("authorizers", _check_keyring),
    ("coconutd", _check_daemon),
)


def _doctor(_options: argparse.Namespace, out: Out) -> int:
    rows = []
    for name, look in CHECKS:
        try:
            good, text = look(agentfs())
        except (AgentFsError, OSError, KeyError, ValueError) as error:
            good, text = False, str(error)
        rows.append((name, "ok" if good else "missing", text))
    out.table(("PART", "STATE", "DETAIL"), rows)
    return FAILED if any(state != "ok" for _, state, _ in rows) else 0


COMMANDS: Commands = (
    Command("why", "explain the decision in a record", _why_arguments, _why),
    Command("version", "show versions", None, _version),
    Command("doctor", "look whether all parts of the system are there", None, _doctor),
)
