# SPDX-License-Identifier: Apache-2.0
"""A file below an overlay: whoever opens it to cut it gets a copy that was never filled."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.escapes.kit import Stage

__all__ = ["CUT", "layered"]

CUT = os.O_ACCMODE | os.O_TRUNC
"""Neither to read nor to write; Linux knows such descriptors, for ioctl(2) alone."""


def layered(stage: Stage, where: Path, content: bytes) -> Path:
    """A program of that content in an overlay at `where`, with nothing above it yet."""
    below, above, work = (stage.top / name for name in ("below", "above", "overlay"))
    for folder in (where, below, above, work):
        folder.mkdir()
    (below / "file").write_bytes(content)
    (below / "file").chmod(0o755)
    layers = f"lowerdir={below},upperdir={above},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "-o", layers, "overlay", where], check=True)
    stage.later.callback(subprocess.run, ["umount", "-l", where], check=True)
    return where / "file"
