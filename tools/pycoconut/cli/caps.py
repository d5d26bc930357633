# SPDX-License-Identifier: Apache-2.0
"""caps: show, check, diff, learn."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .. import audit, learn
from .. import manifest as manifests
from ..agentfs import AgentFsError
from ..aid import AidError, format_aid, parse_aid
from ..audit import Filter
from ..caps import Capability, shortfall
from ..errors import CoconutError
from ..manifest import Manifest
from ..spellings import read
from ..templates import read_template
from .base import (
    FAILED,
    OK,
    SIGN1_MARK,
    Command,
    Commands,
    Out,
    UsageError,
    agentfs,
    aid_argument,
    aid_arguments,
)

__all__ = ["COMMANDS", "capabilities_of"]

WHAT = "an AID, a manifest, a template (its file, or its name in /agent/policy/caps), or a text"


def capabilities_of(text: str) -> list[Capability]:
    """What a word on the command line stands for: see WHAT.

    Raises:
        CoconutError: It stands for nothing; says what it may be.
        OSError: It cannot be read.
    """
    path = Path(text)
    if path.is_file():
        return _of_file(path)
    try:
        return [held.capability for held in agentfs().caps(parse_aid(text))]
    except AidError:
        pass
    named = agentfs().root / "policy/caps" / text
    if "/" not in text and named.is_file():
        return read_template(named.read_text(encoding="utf-8"))
    if ":" in text:
        return list(read(text))
    raise UsageError(f"nothing is named {text}", hint=WHAT)


def _of_file(path: Path) -> list[Capability]:
    data = path.read_bytes()
    if data.startswith(SIGN1_MARK):
        return list(manifests.parse_signed(data).manifest.capabilities)
    if path.suffix == ".caps":
        return read_template(data.decode("utf-8", "replace"))
    return list(manifests.load(path).capabilities)


def _show(options: argparse.Namespace, out: Out) -> int:
    held = agentfs().caps(options.aid)
    out.table(("ID", "PARENT", "CAPABILITY"), [(c.id, c.parent, c.text) for c in held])
    return 0


def _two_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", metavar="A", help=WHAT)
    parser.add_argument("b", metavar="B", help="likewise")


# ---- check ----


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    _two_arguments(parser)
    parser.add_argument(
        "--delegate",
        action="store_true",
        help="could an agent that holds B give A to a child? Depth is cut to what is left then",
    )


def _closest(cap: Capability, held: Sequence[Capability], depth: bool) -> tuple[str, list[str]]:
    """Of what is held the one that lacks least, and what it lacks."""
    alike = [own for own in held if own.kind == cap.kind]
    if not alike:
        return "", [f"nothing there is of class {cap.kind.name.lower()}"]
    ranked = sorted(
        (
            (len(lacks), i, lacks)
            for i, own in enumerate(alike)
            if (lacks := _lacks(cap, own, depth))
        ),
    )
    _, index, lacks = ranked[0]
    return str(alike[index]), list(lacks)


def _lacks(cap: Capability, own: Capability, depth: bool) -> tuple[str, ...]:
    lacks = shortfall(cap, own, depth=depth)
    if not depth and own.limits.depth == 0:
        return (*lacks, "it may not be delegated")
    return lacks


def _check(options: argparse.Namespace, out: Out) -> int:
    narrow, wide = capabilities_of(options.a), capabilities_of(options.b)
    depth = not options.delegate
    beyond = []
    for cap in narrow:
        if any(not _lacks(cap, own, depth) for own in wide):
            continue
        closest, lacks = _closest(cap, wide, depth)
        beyond.append({"capability": str(cap), "closest": closest, "lacks": lacks})

    def text() -> str:
        if not beyond:
            return f"each of the {len(narrow)} is within one of the {len(wide)}"
        lines = []
        for item in beyond:
            lines.append(f"not within: {item['capability']}")
            lines += [f"    closest:  {item['closest']}"] if item["closest"] else []
            lines += [f"    {lack}" for lack in item["lacks"]]
        return "\n".join(lines)

    out.result({"subset": not beyond, "beyond": beyond}, text)
    return FAILED if beyond else OK


# ---- diff ----


def _diff(options: argparse.Namespace, out: Out) -> int:
    before, after = capabilities_of(options.a), capabilities_of(options.b)
    gone = [cap for cap in before if covering_any(cap, after) is None]
    new = [cap for cap in after if covering_any(cap, before) is None]
    value = {"removed": [str(cap) for cap in gone], "added": [str(cap) for cap in new]}
    lines = [f"- {cap}" for cap in value["removed"]] + [f"+ {cap}" for cap in value["added"]]
    out.result(value, "\n".join(lines) or "they allow the same")
    return FAILED if lines else OK


def covering_any(cap: Capability, held: Sequence[Capability]) -> Capability | None:
    """The first of them that allows all that `cap` does."""
    return next((own for own in held if not shortfall(cap, own)), None)


# ---- learn ----


def _learn_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="AID|LOG", help="an agent of this boot, or a log")
    parser.add_argument("--aid", type=aid_argument, metavar="AID", help="of a log: which agent")
    parser.add_argument(
        "--manifest", type=Path, metavar="FILE", help="what it ran with; else its name is `learned`"
    )
    parser.add_argument(
        "--output", "--out", "-o", type=Path, metavar="FILE", help="else standard output"
    )


def _ran_with(path: Path | None, aid: int, live: bool) -> Manifest | None:
    if path is not None:
        data = path.read_bytes()
        signed = data.startswith(SIGN1_MARK)
        return manifests.parse_signed(data).manifest if signed else manifests.load(path)
    if not live:
        return None
    try:
        return manifests.parse_signed(agentfs().manifest(aid)).manifest
    except (AgentFsError, FileNotFoundError):
        return None


def _learn(options: argparse.Namespace, out: Out) -> int:
    log = Path(options.source)
    live = not log.exists()
    if live:
        aid = aid_argument(options.source)
    elif options.aid is None:
        raise UsageError("a log is of many agents", hint="--aid AID says which to learn from")
    else:
        aid = options.aid
    found = audit.records([] if live else [log], Filter(aid=aid))
    learned = learn.learn(found, _ran_with(options.manifest, aid, live))
    if not learned.records:
        raise CoconutError(
            f"no record of what {format_aid(aid)} did",
            hint="run it with `permissive: true` in its manifest",
        )
    text = learned.yaml()
    value = {
        "manifest": learned.manifest.describe(),
        "warnings": {str(cap): why for cap, why in learned.warnings.items()},
        "refused": sorted(learned.refused),
        "records": learned.records,
    }
    if options.output is None:
        out.result(value, text.rstrip("\n"))
    else:
        options.output.write_text(text)
        out.result({**value, "file": str(options.output)}, f"wrote {options.output}")
    return OK


COMMANDS: Commands = (
    Command(
        "caps",
        "show, compare and learn capabilities",
        commands=(
            Command("show", "list the capabilities of an agent", aid_arguments, _show),
            Command(
                "check",
                "is all that A allows within B, and if not, why?",
                _check_arguments,
                _check,
                exits=((FAILED, "Something of A is beyond B."),),
            ),
            Command(
                "diff",
                "show what B allows and A does not, and the other way round",
                _two_arguments,
                _diff,
                exits=((FAILED, "They differ."),),
            ),
            Command(
                "learn",
                "write the manifest that a run needed, from its records",
                _learn_arguments,
                _learn,
            ),
        ),
    ),
)
