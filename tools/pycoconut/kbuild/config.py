# SPDX-License-Identifier: Apache-2.0
"""The configuration: fragments merged on tinyconfig, then asserted symbol by symbol."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

import kconfiglib

from pycoconut.kbuild.console import die

__all__ = ["Wanted", "explain", "fingerprint", "hold", "merge", "parse_fragment", "unmet", "values"]


@dataclass(frozen=True)
class Wanted:
    """One line of a fragment."""

    name: str
    value: str
    reason: str
    where: str


def parse_fragment(path: Path) -> list[Wanted]:
    """The lines of a fragment. A line without a reason above it is refused.

    A comment is the reason of the lines below it, up to the next blank line.
    """
    found: list[Wanted] = []
    reason = ""
    fresh = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.name}:{number}"
        if line.startswith("#"):
            text = line.lstrip("# ").strip()
            reason, fresh = (f"{reason} {text}" if fresh else text), True
        elif not line.strip():
            reason, fresh = "", False
        elif pair := re.fullmatch(r"CONFIG_(\w+)=(.+)", line):
            if not reason or reason.startswith("SPDX"):
                die(f"{where}: CONFIG_{pair[1]} has no reason", "say why in a comment above it")
            fresh = False
            found.append(Wanted(pair[1], pair[2], reason, where))
        else:
            die(f"{where}: not CONFIG_NAME=value: {line}", "write =n to switch a symbol off")
    return found


def _open_kconfig(self: Any, filename: str, mode: str) -> TextIO:
    """Read a Kconfig file in the spelling kconfiglib knows: it is older than the
    `modules` attribute that replaced `option modules` in Linux 5.14."""
    stream = cast(TextIO, kconfiglib.Kconfig._open(self, filename, mode))
    if mode != "r" or "Kconfig" not in os.path.basename(filename):
        return stream
    with stream:
        return io.StringIO(re.sub(r"(?m)^(\s+)modules$", r"\1option modules", stream.read()))


_KCONFIG: Any = type("Kconfig612", (kconfiglib.Kconfig,), {"_open": _open_kconfig})


@contextmanager
def _surroundings(tree: Path, env: Mapping[str, str]) -> Iterator[None]:
    """The environment and folder that kconfiglib reads a tree from; restored afterwards."""
    before, folder = dict(os.environ), Path.cwd()
    os.environ.update(env)
    os.chdir(tree)
    try:
        yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)


def merge(
    tree: Path, env: Mapping[str, str], start: Path, wanted: Mapping[str, Wanted], out: Path
) -> Any:
    """Write @out: @start with each of @wanted set. Return the tree's symbols, loaded with it."""
    with _surroundings(tree, env):
        kconfig = _KCONFIG("Kconfig", warn=False)
        kconfig.load_config(str(start))
        unknown = [w for w in wanted.values() if w.name not in kconfig.syms]
        if unknown:
            die(
                f"{unknown[0].where}: this base has no symbol {unknown[0].name}",
                "renamed upstream? search the Kconfig files for what it was about",
            )
        for want in wanted.values():
            kconfig.syms[want.name].set_value(want.value.strip('"'))
        kconfig.write_config(str(out), save_old=False)
    return kconfig


def unmet(kconfig: Any, expr: Any) -> list[str]:
    """The smallest terms of a Kconfig expression that hold it down, as `NAME is n`."""
    if kconfiglib.expr_value(expr) == 2:
        return []
    if isinstance(expr, tuple):
        if expr[0] is kconfiglib.AND:
            return unmet(kconfig, expr[1]) + unmet(kconfig, expr[2])
        if expr[0] is kconfiglib.OR:
            return [" or ".join(unmet(kconfig, expr[1]) + unmet(kconfig, expr[2]))]
        return [kconfiglib.expr_str(expr) + " does not hold"]
    return [f"{expr.name or 'its choice'} is {expr.str_value}"]


def explain(kconfig: Any, want: Wanted, got: str) -> str:
    """Why a symbol did not get its value."""
    symbol = kconfig.syms[want.name]
    text = f"{want.where}: CONFIG_{want.name}={want.value} came out as {got}"
    missing = unmet(kconfig, symbol.direct_dep)
    if missing:
        return f"{text}: {', '.join(missing)}"
    if not any(node.prompt for node in symbol.nodes):
        return f"{text}: it has no prompt, something must select it"
    if symbol.choice is not None:
        return f"{text}: its choice has {symbol.choice.selection.name}"
    prompts = [unmet(kconfig, node.prompt[1]) for node in symbol.nodes if node.prompt]
    hidden = [term for terms in prompts for term in terms]
    if hidden:
        return f"{text}: cannot be asked for while {', '.join(hidden)}"
    selects = kconfiglib.expr_str(symbol.rev_dep)
    return f"{text}: forced by {selects}"


def values(config: Path) -> dict[str, str]:
    """What a .config says; a symbol that is not set is n."""
    found = {}
    for line in config.read_text().splitlines():
        if pair := re.fullmatch(r"CONFIG_(\w+)=(.*)", line):
            found[pair[1]] = pair[2]
    return found


def hold(kconfig: Any, wanted: Mapping[str, Wanted], config: Path) -> None:
    """Stop unless every symbol has in @config what its fragment asks for."""
    got = values(config)
    wrong = [w for w in wanted.values() if got.get(w.name, "n") != w.value]
    if wrong:
        die(
            "\n  ".join(explain(kconfig, w, got.get(w.name, "n")) for w in wrong),
            "set what is missing in the same fragment, with its reason",
        )


def fingerprint(*parts: bytes) -> str:
    """One digest of all that a configuration depends on."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
