# SPDX-License-Identifier: Apache-2.0
"""Figures: a ratio with its spread and its goal, as a table and as flat JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["Figure", "amount", "ratio", "slowest", "table", "write"]


@dataclass(frozen=True)
class Figure:
    """One measured number. @goal is the largest good value, or the least where @more_is_better."""

    name: str
    value: float
    low: float
    high: float
    goal: float | None = None
    more_is_better: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """met, missed, or nothing where there is no goal."""
        if self.goal is None:
            return ""
        met = self.value >= self.goal if self.more_is_better else self.value <= self.goal
        return "met" if met else "missed"


def ratio(
    name: str,
    over: Sequence[float],
    under: Sequence[float],
    goal: float | None = None,
    note: str = "",
    more_is_better: bool = False,
) -> Figure:
    """The median of round-by-round ratios, with the smallest and the largest."""
    ratios = [a / b for a, b in zip(over, under, strict=True)]
    low, high = min(ratios), max(ratios)
    return Figure(name, median(ratios), low, high, goal, more_is_better, note)


def amount(
    name: str, values: Sequence[float], note: str = "", least: float | None = None
) -> Figure:
    """The median of what each round measured, with the smallest and the largest."""
    low, high = min(values), max(values)
    more = least is not None
    return Figure(name, median(values), low, high, least, more_is_better=more, note=note)


def slowest(name: str, values: Sequence[float], goal: float | None, note: str = "") -> Figure:
    """The 99th of a hundred, from the least, with the median and the largest."""
    ranked = sorted(values)
    at = math.ceil(len(ranked) * 0.99) - 1
    return Figure(name, ranked[at], median(ranked), ranked[-1], goal, note=note)


def table(figures: Sequence[Figure]) -> str:
    """For people."""
    rows = [("figure", "value", "low", "high", "goal", "")]
    for f in figures:
        goal = "" if f.goal is None else f"{f.goal:g}"
        rows.append((f.name, f"{f.value:.5g}", f"{f.low:.5g}", f"{f.high:.5g}", goal, f.verdict))
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    lines += [f"{f.name}: {f.note}" for f in figures if f.note]
    return "\n".join(line.rstrip() for line in lines)


def write(figures: Sequence[Figure], path: Path) -> None:
    """A flat object of numbers: each figure, its low and its high."""
    flat: dict[str, float] = {}
    for f in figures:
        flat[f.name] = round(f.value, 6)
        flat[f"{f.name}_low"] = round(f.low, 6)
        flat[f"{f.name}_high"] = round(f.high, 6)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(flat, indent=2) + "\n")
