# SPDX-License-Identifier: Apache-2.0
"""What files of tests inside a guest share. Each says by a fixture `signed` what its agents are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pycoconut.approvals import Approvals
from tests.uml.inside import FS, Inside, Make


@pytest.fixture
def inside(signed: bytes) -> Iterator[Make]:
    """Runs bodies inside agents, and ends those."""
    made: list[Inside] = []

    def make(body: Callable[[], None]) -> Inside:
        made.append(Inside(signed, body))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def limits() -> Iterator[None]:
    """A test may change the policy's limits: they are then what they were."""
    before = FS.limits()
    yield
    for name, value in before.items():
        FS.set_limit(name, value)


@pytest.fixture
def asks_freely(limits: None) -> None:
    """The rate of requests is no hindrance, unless a test says so."""
    FS.set_limit("approval_rate", 100000)


@pytest.fixture
def queue() -> Iterator[Approvals]:
    """The queue of requests."""
    with Approvals() as opened:
        yield opened


@pytest.fixture
def nothing_stays_asked() -> Iterator[None]:
    """No request outlives the agents of a test."""
    yield
    with Approvals() as left:
        assert left.read() == []
