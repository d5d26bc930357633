# SPDX-License-Identifier: Apache-2.0
"""A task outside every agent sees no change: Linux's own tests give the results of the base."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import load_base, places
from tests.guest.kselftest.suites import (
    BASELINE,
    LEAST,
    PROGRAMS,
    ROUNDS,
    build,
    identity,
    results,
)


@pytest.fixture(scope="module")
def baseline() -> dict[str, Any]:
    """What was recorded of the base."""
    return tomllib.loads(BASELINE.read_text())


@pytest.fixture(scope="module")
def suites() -> Path:
    """The suites, built from the kernel's own tree."""
    return build(places())


def test_the_baseline_is_of_this_base(baseline: dict[str, Any]) -> None:
    assert baseline["of"] == identity(load_base(), places()), "the base has changed: make baseline"
    assert len(baseline["results"]) >= LEAST


@pytest.mark.timeout(1800)
def test_results_are_those_of_the_base(
    runner: Runner, suites: Path, baseline: dict[str, Any]
) -> None:
    base = {test: set(seen) for test, seen in baseline["results"].items()}
    ours: defaultdict[str, set[str]] = defaultdict(set)
    programs: Iterable[str] = PROGRAMS
    differing: list[str] = []
    for _ in range(ROUNDS):
        for test, result in results(runner, "direct-host", suites, programs).items():
            ours[test].add(result)
        differing = sorted(t for t in base.keys() | ours.keys() if not base.get(t, set()) & ours[t])
        programs = sorted({test.split()[0] for test in differing})
        if not differing:
            break
    assert {test: (base.get(test), ours[test]) for test in differing} == {}
