# SPDX-License-Identifier: Apache-2.0
"""What the linters look at: the files git knows, and the base's own tools."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pycoconut.kbuild.base import load_base, places
from pycoconut.kbuild.console import Console
from pycoconut.kbuild.tree import Tree


@pytest.fixture(scope="session")
def files(repo: Path) -> list[Path]:
    """Every file of the repository, new ones included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repo, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    names = sorted({name for name in listed.split("\0") if name})
    return [repo / name for name in names if (repo / name).is_file()]


@pytest.fixture(scope="session")
def tree() -> Path:
    """The base with our rooms in it: its linters are the ones upstream judges by."""
    where = places()
    return Tree(Console(where.logs, where.times, out=sys.stderr), load_base(), where).sync()
