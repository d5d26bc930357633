#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first step on a bare machine: packages, then the environment, then the real program in it.

Run by path, with any Python from 3.11 on and nothing but its standard library.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("coconut: Python 3.11 or newer is needed (Debian 12 has it)")

TOOLS = Path(__file__).resolve().parents[2]
sys.path[0] = str(TOOLS)

from pycoconut.kbuild import host
from pycoconut.kbuild.base import load_base, places
from pycoconut.kbuild.console import Console, Failure

GROUPS = {
    "deps": ("kernel", "guest", "image", "test"),
    "kernel": ("kernel",),
    "iso": ("kernel", "image"),
    "run": ("kernel", "image", "guest"),
    "demo": ("kernel", "image", "guest"),
    "test": ("kernel", "image", "guest", "test"),
    "bench": ("kernel", "guest", "test"),
    "shell": ("kernel", "guest"),
    "regen": (),
    "refresh": ("kernel",),
    "series": ("kernel",),
}
"""For each command the package groups of base.toml that it needs, beside Python's own."""


def list_targets(makefile: Path) -> int:
    """Print each target of @makefile with the comment beside it."""
    for line in makefile.read_text().splitlines():
        found = re.fullmatch(r"([a-z][a-z0-9-]*):[^#]*## (.*)", line)
        if found:
            print(f"  {found[1]:10} {found[2]}")
    return 0


def clean(build: Path, dry: bool) -> int:
    """Remove what was built; needs no environment, so it makes none."""
    print(f"+ rm -rf {build}")
    if not dry:
        shutil.rmtree(build, ignore_errors=True)
    return 0


def main(argv: list[str]) -> int:
    """Prepare the machine for @argv and hand over to pycoconut.kbuild; return a status."""
    if argv[:1] == ["--list-targets"]:
        return list_targets(Path(argv[1]))
    where = places()
    dry = "--dry-run" in argv
    if "clean" in argv:
        return clean(where.build, dry)
    console = Console(logs=where.logs, times=where.times, dry_run=dry)
    command = next((word for word in argv if not word.startswith("-")), "")
    try:
        host.install(console, load_base(), ("python", *GROUPS.get(command, ())))
        python = host.environment(console, where)
    except Failure as failure:
        print(f"coconut: {failure}", file=sys.stderr)
        return 1
    if dry and not python.exists():
        return 0
    path = os.pathsep.join([str(TOOLS), *filter(None, [os.environ.get("PYTHONPATH")])])
    os.environ["PYTHONPATH"] = path
    sys.stdout.flush()
    os.execv(python, [str(python), "-m", "pycoconut.kbuild", *argv])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
