# SPDX-License-Identifier: Apache-2.0
"""The machine we build on: its packages and the Python environment. Standard library only:
this runs before there is anything else."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from pycoconut.kbuild.base import Base, Places
from pycoconut.kbuild.console import Console, die

__all__ = ["environment", "install", "missing", "requirements", "room_for"]

_GROWTH = 35
"""A tree and the objects of the kernels that tests need to the tarball: 5 GiB of 145 MiB."""
_UNPACKED = 11
"""A tree to its tarball."""


def missing(packages: Iterable[str]) -> list[str]:
    """Those of @packages that dpkg does not call installed."""
    wanted = list(packages)
    if not shutil.which("dpkg-query"):
        die(
            "this machine has no dpkg: the build knows Debian's package names only",
            "build on Debian 12 or 13, or in a container of one",
        )
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *wanted],
        text=True,
        capture_output=True,
    )
    there = {n for n, s in (row.split() for row in done.stdout.splitlines()) if s == "installed"}
    return [name for name in wanted if name not in there]


def install(console: Console, base: Base, groups: Iterable[str]) -> None:
    """Install what @groups of base.toml name and the machine lacks; nothing else wants root."""
    wanted = missing(dict.fromkeys(p for group in groups for p in base.packages[group]))
    if not wanted:
        return
    line = f"apt-get install --no-install-recommends {' '.join(wanted)}"
    if os.geteuid() == 0:
        prefix: list[str] = []
    elif shutil.which("sudo") and (sys.stdin.isatty() or _sudo_asks_nothing()):
        prefix = ["sudo"]
    else:
        die(f"{len(wanted)} system packages are missing", f"as root: {line}")
    console.run([*prefix, "apt-get", "update"], hint=f"as root: {line}")
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q"]
    console.run([*prefix, *quiet, "--no-install-recommends", *wanted], hint=f"as root: {line}")


def _sudo_asks_nothing() -> bool:
    return subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0


def requirements(pyproject: Path) -> list[str]:
    """The exact versions of what the build half needs, as pip reads them."""
    data = tomllib.loads(pyproject.read_text())
    found = data["project"]["optional-dependencies"]["build"]
    return [str(line) for line in found]


def environment(console: Console, where: Places) -> Path:
    """A virtual environment with our requirements; return its python.

    It is kept in the cache under the digest of what is in it, so a second call
    does nothing and two checkouts that want the same share it.
    """
    wanted = requirements(where.repo / "pyproject.toml")
    key = hashlib.sha256("\n".join([sys.version, sys.base_prefix, *wanted]).encode()).hexdigest()
    venv = where.cache / f"venv-{key[:12]}"
    python = venv / "bin" / "python"
    if (venv / ".complete").exists():
        return python
    console.say(f"setting up {venv}")
    console.run(
        [sys.executable, "-m", "venv", "--clear", str(venv)],
        hint="Debian's python3 needs python3-venv: make deps",
    )
    console.step(
        "pip",
        [str(python), "-m", "pip", "install", "--disable-pip-version-check", *wanted],
        hint=f"pip's words are in {where.logs / 'pip.log'}; it needs a package index once",
    )
    if not console.dry_run:
        (venv / ".complete").touch()
        link = where.cache / "venv"
        link.unlink(missing_ok=True)
        link.symlink_to(venv.name)
    return python


def room_for(path: Path, source: Path) -> None:
    """Refuse to start a build of @source, a tarball or a tree, that would die on a full disk."""
    if source.is_dir():
        size = sum(p.lstat().st_size for p in source.rglob("*")) // _UNPACKED
    else:
        size = source.stat().st_size
    need = size * _GROWTH
    there = next(p for p in (path, *path.parents) if p.exists())
    free = shutil.disk_usage(there).free
    if free < need:
        die(
            f"{there} has {free >> 20} MiB free, a kernel tree needs {need >> 20} MiB",
            "make clean, or put the checkout on a larger disk",
        )
