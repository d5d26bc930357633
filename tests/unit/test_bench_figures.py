# SPDX-License-Identifier: Apache-2.0
"""Figures of the bench: how rounds become one, and how it is shown and written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pycoconut.bench.figures import Figure, amount, ratio, slowest, table, write
from pycoconut.bench.records import emitted
from pycoconut.kbuild.console import Failure


def test_a_ratio_is_of_rounds_not_of_sums() -> None:
    found = ratio("x", [1.0, 6.0, 30.0], [1.0, 2.0, 3.0])
    assert (found.value, found.low, found.high) == (3.0, 1.0, 10.0)


def test_a_ratio_needs_as_many_of_each() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio("x", [1.0, 2.0], [1.0])


def test_a_ratio_of_rates_is_good_when_it_is_large() -> None:
    assert ratio("x", [3.0], [2.0], 1.0, more_is_better=True).verdict == "met"
    assert ratio("x", [3.0], [2.0], 1.0).verdict == "missed"


@pytest.mark.parametrize(
    ("value", "more_is_better", "verdict"),
    [
        (1.0, False, "met"),
        (1.0001, False, "missed"),
        (1.0, True, "met"),
        (0.9999, True, "missed"),
    ],
)
def test_a_goal_is_met_up_to_itself(value: float, more_is_better: bool, verdict: str) -> None:
    figure = Figure("x", value, value, value, 1.0, more_is_better)
    assert figure.verdict == verdict
    assert table([figure]).splitlines()[1].split() == ["x", *[f"{value:.5g}"] * 3, "1", verdict]


def test_without_a_goal_nothing_is_judged() -> None:
    assert amount("x", [2.0, 1.0, 9.0]).verdict == ""


def test_of_a_hundred_the_slowest_but_one_counts() -> None:
    found = slowest("x", [float(n) for n in range(200, 0, -1)], 198.0)
    assert (found.low, found.value, found.high, found.verdict) == (100.5, 198.0, 200.0, "met")
    assert slowest("x", [7.0], 1.0).value == 7.0


def test_what_is_written_is_flat(tmp_path: Path) -> None:
    write([amount("ms", [2.0, 1.0, 9.0]), ratio("r", [1.0], [3.0])], tmp_path / "sub/bench.json")
    assert json.loads((tmp_path / "sub/bench.json").read_text()) == {
        "ms": 2.0,
        "ms_low": 1.0,
        "ms_high": 9.0,
        "r": 0.333333,
        "r_low": 0.333333,
        "r_high": 0.333333,
    }


SUITE = """    # emit_costs: emit_ns median 1280 p99 1792 most 4071168
    # emit_costs: emit_ns median 1024 p99 2048 most 99
    ok 1 emit_costs
ok 1 audit_chain_emit
"""


def test_rounds_of_the_kernels_suite_are_read() -> None:
    assert emitted(SUITE) == [[1280.0, 1792.0], [1024.0, 2048.0]]


@pytest.mark.parametrize("broken", ["", SUITE.replace("\nok", "\nnot ok"), SUITE[-60:]])
def test_a_suite_that_failed_has_no_figures(broken: str) -> None:
    with pytest.raises(Failure, match="has no figures"):
        emitted(broken)
