# SPDX-License-Identifier: Apache-2.0
"""Finds where security/coconut refuses or asks for a decision."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["places"]

DECIDE = {"agent_decide", "coconut_decide", "coconut_decide_once", "coconut_refuse"}
"""What every decision goes through."""

COMMENT = re.compile(r"/\*.*?\*/", re.S)
FUNCTION = re.compile(
    r"^(?:static |noinline |inline )*[\w *]+?\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", re.M | re.S
)
CALL = re.compile(r"\b(\w+)\(")
ERRNO = re.compile(r"-E(?:ACCES|PERM)\b")

Name = tuple[str, str]
"""A file and a function in it."""


def _functions(folder: Path) -> dict[Name, str]:
    """The body of each function, without comments."""
    found = {}
    for path in sorted(folder.glob("*.c")):
        if not path.stem.endswith("_test"):
            text = COMMENT.sub("", path.read_text(encoding="utf-8"))
            found |= {(path.name, match[1]): match[2] for match in FUNCTION.finditer(text)}
    return found


def places(folder: Path) -> dict[Name, int]:
    """How often each function refuses or asks, itself or by a function of ours.

    Functions that do so in no way are left out. A static function is known in its own
    file only.

    Args:
        folder: security/coconut, or a copy of it.
    """
    bodies = _functions(folder)
    asking = {name for name, body in bodies.items() if ERRNO.search(body)}
    while True:
        found = {}
        for name, body in bodies.items():
            known = DECIDE | {
                function
                for file, function in asking
                if file == name[0] or function.startswith("coconut_")
            }
            count = sum(call in known for call in CALL.findall(body)) + len(ERRNO.findall(body))
            if count:
                found[name] = count
        if set(found) == asking:
            return found
        asking = set(found)
