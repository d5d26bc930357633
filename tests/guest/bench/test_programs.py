# SPDX-License-Identifier: Apache-2.0
"""What `make bench` runs in its guests can be built, from here on and not only by who measures."""

from __future__ import annotations

import pytest

from pycoconut.bench.stage import Stage
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO, load_base, places
from pycoconut.kbuild.kernel import Kernel, variant

PROGRAMS = sorted(path.stem for path in (REPO / "tests/bench").glob("*.c"))


@pytest.fixture(scope="module")
def stage(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    kernel = Kernel(runner.console, load_base(), places(), variant("vm"))
    return Stage(runner, tmp_path_factory.mktemp("programs"), kernel.headers())


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_is_built(stage: Stage, name: str) -> None:
    assert stage.program(name).stat().st_mode & 0o111
