# SPDX-License-Identifier: Apache-2.0
"""What every layer of tests shares."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pycoconut.kbuild.base import REPO, Places
from pycoconut.kbuild.console import Console


@pytest.fixture(scope="session")
def repo() -> Path:
    """The repository under test."""
    return REPO


@pytest.fixture
def scratch_places(tmp_path: Path) -> Places:
    """A repository, build folder and cache of a test's own."""
    (tmp_path / "repo").mkdir()
    return Places(tmp_path / "repo", tmp_path / "repo" / "build", tmp_path / "cache")


@pytest.fixture
def said() -> io.StringIO:
    """What a console under test has printed."""
    return io.StringIO()


@pytest.fixture
def scratch_console(scratch_places: Places, said: io.StringIO) -> Console:
    """A console that prints into `said`."""
    return Console(scratch_places.logs, scratch_places.times, out=said)
