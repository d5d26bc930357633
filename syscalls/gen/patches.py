# SPDX-License-Identifier: Apache-2.0
"""Do the patches add to Linux's tables what the specification says, and nothing else?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .model import Spec
from .render.rows import rows

__all__ = ["compare"]

OURS = re.compile(r"(^|[^/])\bagent_|^\d+\t")


def _added(patches: Sequence[Path], path: str) -> Iterator[str]:
    """Lines about agents that the patches add to one file."""
    for patch in patches:
        inside = False
        for line in patch.read_text(encoding="utf-8").splitlines():
            if line.startswith("diff --git "):
                inside = line.endswith(f" b/{path}")
            elif inside and line.startswith("+") and OURS.search(line[1:]):
                yield line[1:]


def compare(spec: Spec, folder: Path) -> Iterator[str]:
    """What is wrong, a line each; nothing where all agrees."""
    patches = sorted(folder.glob("*.patch"))
    for path, want in rows(spec).items():
        found = list(_added(patches, path))
        for line in want:
            if line not in found:
                yield f"patches/: no patch adds to {path}: {line}"
        for line in found:
            if line not in want:
                yield f"patches/: a patch adds to {path} what agent.yaml does not say: {line}"
        if sorted(found) == sorted(want) and found != list(want):
            yield f"patches/: the lines added to {path} stand in another order"
