# SPDX-License-Identifier: Apache-2.0
"""How many tests passed, failed, were skipped: read from JUnit XML and from KTAP."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from pycoconut.kbuild.console import Failure

__all__ = ["Counts", "junit", "ktap"]


@dataclass(frozen=True)
class Counts:
    """Results of some tests."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple[str, ...] = field(default=(), compare=False)
    """One line each for those of the failed that have a name."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.failures + other.failures,
        )

    @property
    def total(self) -> int:
        """Tests there were."""
        return self.passed + self.failed + self.skipped

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def junit(path: Path) -> Counts:
    """Counts of a file that pytest --junitxml wrote; Failure where it is missing or broken."""
    try:
        suites = ElementTree.parse(path).getroot().iter("testsuite")
    except (OSError, ElementTree.ParseError) as error:
        raise Failure(f"pytest left no result: {error}") from error
    found = Counts()
    for suite in suites:
        names = tuple(
            f"{case.get('classname', '')}::{case.get('name', '')}: {bad.get('message', '')[:200]}"
            for case in suite.iter("testcase")
            for bad in (*case.iter("failure"), *case.iter("error"))
        )
        total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        found += Counts(max(0, total - failed - skipped), failed, skipped, names)
    return found


def ktap(text: str, indent: int = 0) -> Counts:
    """Counts of KTAP (Documentation/dev-tools/ktap.rst), of the results @indent spaces deep.

    A plan that names more tests than have a result counts the rest as failed: a
    program that dies half way has not passed.
    """
    lead = " " * indent
    found, planned = Counts(), 0
    for line in text.splitlines():
        if plan := re.fullmatch(rf"{lead}1\.\.(\d+)", line):
            planned += int(plan[1])
        elif result := re.match(rf"{lead}(not )?ok \d+(.*)", line):
            if "# SKIP" in result[2]:
                found += Counts(skipped=1)
            else:
                name = (line.strip(),)
                found += Counts(failed=1, failures=name) if result[1] else Counts(passed=1)
    return found + Counts(failed=max(0, planned - found.total))
