# SPDX-License-Identifier: Apache-2.0
"""The image of this checkout, built once for all tests of it."""

from __future__ import annotations

import pytest

from pycoconut.imgbuild.image import Image
from pycoconut.kbuild.base import load_base, places
from pycoconut.kbuild.console import Console


@pytest.fixture(scope="session")
def console() -> Console:
    """Where the build's commands are shown: pytest keeps them for a failure."""
    where = places()
    return Console(where.logs, where.times)


@pytest.fixture(scope="session")
def image(console: Console) -> Image:
    """Built, or found up to date."""
    made = Image.of(console, load_base(), places(), None)
    made.build()
    return made
