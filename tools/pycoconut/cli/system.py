# SPDX-License-Identifier: Apache-2.0
"""why, version, doctor."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import audit, syscalls
from ..abi import ABI_VERSION
from ..agentfs import AgentFs, AgentFsError
from ..audit import Filter, Record
from ..caps import Capability
from ..daemon_client import listening, writer
from ..errors import CoconutError
from ..learn import Reason, explain
from ..manifest import parse_signed
from .audit import record_text
from .base import FAILED, Command, Commands, Out, agentfs

__all__ = ["COMMANDS"]


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
    # A log may be of another machine, where the AID is somebody else's.
    held = [] if options.files else _held(record.aid)
    reason = explain(record, held)
    value = {
        "record": record.to_json(),
        "reason": reason.text,
        "would_do": None if reason.would_do is None else str(reason.would_do),
        "near": [{"capability": str(n.capability), "lacks": list(n.lacks)} for n in reason.near],
    }
    out.result(value, lambda: _why_text(record, reason))
    return 0


def _held(aid: int) -> list[Capability]:
    """What an agent may hold, where it is still known here."""
    fs = agentfs()
    try:
        held = [own.capability for own in fs.caps(aid)]
        return held or list(parse_signed(fs.manifest(aid)).manifest.capabilities)
    except (CoconutError, OSError):
        return []


def _why_text(record: Record, reason: Reason) -> str:
    lines = [record_text(record), reason.text]
    if reason.would_do is not None:
        lines += ["this would do", f"    {reason.would_do}"]
    for near in reason.near:
        lines += ["it holds, and that is not enough", f"    {near.capability}"]
        lines += [f"    {lack}" for lack in near.lacks]
    return "\n".join(lines)


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


def _check_writer(_fs: AgentFs) -> tuple[bool, str]:
    found = writer()
    state = found.get("state", "not there")
    return state == "writing", f"{state}: {found['why']}" if "why" in found else state


CHECKS: tuple[tuple[str, Callable[[AgentFs], tuple[bool, str]]], ...] = (
    ("kernel", _check_kernel),
    ("agentfs", _check_agentfs),
    ("abi", _check_abi),
    ("lsm", _check_lsm),
    ("chain", _check_chain),
    ("authorizers", _check_keyring),
    ("coconutd", _check_daemon),
    ("shards", _check_writer),
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
