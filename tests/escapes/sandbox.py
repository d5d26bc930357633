# SPDX-License-Identifier: Apache-2.0
"""Namespaces of an agent's own, from which the escapes of sandbox_* are tried."""

from __future__ import annotations

import os
from pathlib import Path

from tests.escapes.kit import call

__all__ = ["MAPPING", "RIGHT", "be_root", "bind", "bind_onto", "enter"]

CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_BIND = 0x1000
RIGHT = "agent:self/0:sandbox"
MAPPING = "fs:/proc:write_file,truncate"
"""What be_root() takes."""


def enter() -> None:
    """From here on in a mount namespace that may be changed."""
    call("unshare", CLONE_NEWUSER | CLONE_NEWNS)


def be_root() -> None:
    """The user that one was is root in there; who has no name there makes no files."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text("0 0 1")
    Path("/proc/self/gid_map").write_text("0 0 1")


def bind(what: Path, where: Path) -> None:
    """Shows a file or a folder in another place too, which is made for it."""
    if what.is_dir():
        where.mkdir()
    else:
        where.touch()
    bind_onto(what, where)


def bind_onto(what: Path, where: Path) -> None:
    """Shows a file or a folder in the place of another."""
    call("mount", os.fsencode(what), os.fsencode(where), 0, MS_BIND, 0)
