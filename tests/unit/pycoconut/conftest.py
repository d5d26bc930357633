# SPDX-License-Identifier: Apache-2.0
"""Hypothesis: the same examples in every run, no deadline that a busy machine misses."""

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(__file__).resolve().parents[3] / "build" / "hypothesis")
settings.register_profile(
    "coconut",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("coconut")
