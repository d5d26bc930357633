# SPDX-License-Identifier: Apache-2.0
"""What people do with a machine, as a script and the files of this machine that it takes."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pycoconut.bench.stage import Dynamic

__all__ = ["Load", "build_load", "sqlite_load"]

OBJECTS = ("lib/ctype.o", "lib/hexdump.o")
"""Small ones of the kernel's: each opens several hundred headers all the same."""

ROWS = 3000
_SQL = f"""PRAGMA journal_mode=WAL;
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL);
CREATE INDEX byname ON t(name);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<{ROWS})
INSERT INTO t SELECT i, hex(randomblob(16)), i*0.5 FROM n;
"""
_POINTS = 200
"""Transactions of one row each, after the one of all rows."""


@dataclass(frozen=True)
class Load:
    """A script for busybox, and what of this machine it takes, where that is here."""

    name: str
    script: str
    files: Sequence[Path]


def sqlite_load() -> Load:
    """Rows into an indexed table: many at once, then one a transaction, then read by name."""
    program = Path("/usr/bin/sqlite3")
    points = [f"UPDATE t SET value=value+1 WHERE id={n};" for n in range(1, _POINTS + 1)]
    reads = [f"SELECT count(*) FROM t WHERE name>'{n:02X}';" for n in range(256)]
    sql = _SQL + "\n".join([*points, *reads])
    script = f"rm -f /tmp/db*; {program} /tmp/db >/dev/null <<'.'\n{sql}\n.\n"
    return Load("sqlite", script, Dynamic(program).closure())


def _gcc(tool: str) -> Path:
    found = subprocess.run(
        ["gcc", f"-print-prog-name={tool}"], check=True, capture_output=True, text=True
    ).stdout.strip()
    path = shutil.which(found)
    if path is None:
        raise FileNotFoundError(f"gcc's {tool} is not installed: install the package gcc")
    return Path(path)


def _command(tree: Path, out: Path, target: str) -> list[str]:
    """How the kernel's build compiled an object, read from what it keeps of that."""
    kept = (out / target).with_name(f".{Path(target).name}.cmd").read_text()
    found = re.search(r"^savedcmd_\S+ := (.*?)(?: *;.*)?$", kept, re.MULTILINE)
    if found is None:
        raise LookupError(f"{out / target}: no command is kept of it")
    words = shlex.split(found[1])
    words = words[words.index("gcc") + 1 :]
    return ["gcc", *(word for word in words if not word.startswith("-Wp,"))]


def _read_by(command: Sequence[str], cwd: Path) -> list[Path]:
    """The files that a compilation opens."""
    words = [word for word in command if word != "-c"]
    at = words.index("-o")
    argv = [*words[:at], *words[at + 2 :], "-M"]
    said = subprocess.run(argv, cwd=cwd, check=True, capture_output=True, text=True).stdout
    names = said.replace("\\\n", " ").partition(":")[2].split()
    return [(cwd / name).resolve() for name in names]


def build_load(tree: Path, out: Path) -> Load:
    """Objects of the kernel, by the commands that built them in @out."""
    programs = [Path("/usr/bin/gcc"), _gcc("cc1"), _gcc("as")]
    files = {file for program in programs for file in Dynamic(program).closure()}
    script = [f"cd {out}", "PATH=/usr/bin:/bin"]
    for target in OBJECTS:
        command = _command(tree, out, target)
        files.update(_read_by(command, out))
        at = command.index("-o") + 1
        script.append(shlex.join([*command[:at], "/tmp/o.o", *command[at + 1 :]]))
    return Load("kernel_build", "\n".join(script), sorted(files))
