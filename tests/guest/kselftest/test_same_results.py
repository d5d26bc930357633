# SPDX-License-Identifier: Apache-2.0
"""A task outside every agent sees no change: Linux's own tests give the results of the base."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import places

TESTS = {
    "landlock": [
        "base_test",
        "fs_test",
        "net_test",
        "ptrace_test",
        "scoped_abstract_unix_test",
        "scoped_signal_test",
        "scoped_test",
    ],
}
"""Suites that end on the unpatched base, time after time. Those of seccomp and cgroup do not:
User-Mode Linux hangs in them now and then, with our patches and without."""

LEAST = 300
"""Results that each kernel must give at least, so that a suite that does not start is seen."""

BODY = r"""
cp -r {suites} /tmp/kselftest
for test in {names}; do
	cd /tmp/kselftest/${{test%/*}}
	echo "## $test"
	timeout -s KILL 60 ./${{test#*/}} 2>/dev/null </dev/null | grep -E '^(ok|not ok) ' || true
done
"""


@pytest.fixture(scope="module")
def suites() -> Path:
    """The suites, built from the kernel's own tree."""
    where = places()
    out = where.build / "kselftest"
    out.mkdir(exist_ok=True)
    tree = where.build / "linux"
    with (where.logs / "kselftest.log").open("wb") as log:
        for argv in (
            ["make", "-C", str(tree), f"O={out}", "ARCH=x86", "headers"],
            [
                "make", "-C", str(tree / "tools/testing/selftests"), f"O={out}", "ARCH=x86",
                f"TARGETS={' '.join(TESTS)}",
            ],
        ):  # fmt: skip
            subprocess.run(argv, check=True, stdout=log, stderr=subprocess.STDOUT)
    return out / "kselftest"


def results(runner: Runner, guest: str, suites: Path) -> dict[str, str]:
    """Test by test: ok, not ok or skip."""
    names = [f"{suite}/{name}" for suite, names in TESTS.items() for name in names]
    body = BODY.format(suites=suites, names=" ".join(names))
    outcome = runner.run(guest, Job(["/bin/sh", "-c", body], timeout=300), f"kselftest-{guest}")
    outcome.check()
    found: dict[str, str] = {}
    test = ""
    for line in outcome.output.splitlines():
        if line.startswith("## "):
            test = line[3:]
        elif match := re.match(r"(ok|not ok) \d+ (?:# (SKIP) )?(\S+)", line):
            found[f"{test} {match[3]}"] = match[2] or match[1]
    return found


@pytest.mark.timeout(700)
def test_results_are_those_of_the_base(runner: Runner, suites: Path) -> None:
    base = results(runner, "uml-base", suites)
    ours = results(runner, "uml", suites)
    assert len(base) >= LEAST
    assert ours == base
