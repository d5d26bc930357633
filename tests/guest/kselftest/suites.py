# SPDX-License-Identifier: Apache-2.0
"""Linux's own tests of what our rooms stand beside, and what a kernel gives in them."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import Base, Places
from pycoconut.kbuild.console import Console
from pycoconut.kbuild.kernel import Kernel, variant

__all__ = ["BASELINE", "LEAST", "PROGRAMS", "ROUNDS", "build", "identity", "results"]

BASELINE = Path(__file__).with_name("baseline.toml")
"""What the base gives, and of which base that was: `make baseline` writes it."""

SUITES = ("landlock", "seccomp", "cgroup")

PROGRAMS = (
    "landlock/base_test",
    "landlock/fs_test",
    "landlock/net_test",
    "landlock/ptrace_test",
    "landlock/scoped_abstract_unix_test",
    "landlock/scoped_signal_test",
    "landlock/scoped_test",
    "seccomp/seccomp_bpf",
    "cgroup/test_core",
    "cgroup/test_cpuset",
    "cgroup/test_freezer",
    "cgroup/test_hugetlb_memcg",
    "cgroup/test_kill",
    "cgroup/test_memcontrol",
    "cgroup/test_pids",
    "cgroup/test_zswap",
)
"""All but two: cgroup/test_cpu measures time, which an emulator cannot give it, and
cgroup/test_kmem takes minutes there."""

LEAST = 430
"""Results that the base must give at least, so that a program that does not start is seen."""

ROUNDS = 8
"""Some of these programs race with the kernel, on the base too: how often one may run anew."""

BODY = r"""
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup
cp -r {suites} /tmp/kselftest
for test in {programs}; do
	cd /tmp/kselftest/${{test%/*}}
	echo "## $test"
	timeout -s KILL 120 ./${{test#*/}} 2>/dev/null </dev/null
done
echo "## the end"
"""


def identity(base: Base, where: Places) -> str:
    """Changes with the base, with its configuration and with what is run on it."""
    wanted = Kernel(Console(where.logs, where.times), base, where, variant("vm-base")).wanted()
    parts = [base.version, *map(str, wanted.values()), *PROGRAMS, BODY]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def build(where: Places) -> Path:
    """The suites, built from the kernel's own tree."""
    out = where.build / "kselftest"
    out.mkdir(exist_ok=True)
    tree = where.build / "linux"
    with (where.logs / "kselftest.log").open("wb") as log:
        for argv in (
            ["make", "-C", str(tree), f"O={out}", "ARCH=x86", "headers"],
            [
                "make", "-C", str(tree / "tools/testing/selftests"), f"O={out}", "ARCH=x86",
                f"TARGETS={' '.join(SUITES)}",
            ],
        ):  # fmt: skip
            subprocess.run(argv, check=True, stdout=log, stderr=subprocess.STDOUT)
    return out / "kselftest"


def results(runner: Runner, guest: str, suites: Path, programs: Iterable[str]) -> dict[str, str]:
    """Test by test: ok, not ok or SKIP."""
    body = BODY.format(suites=suites, programs=" ".join(programs))
    outcome = runner.run(guest, Job(["/bin/sh", "-c", body], timeout=600), f"kselftest-{guest}")
    outcome.check()
    found: dict[str, str] = {}
    program = ""
    for line in outcome.output.splitlines():
        if line.startswith("## "):
            program = line[3:]
        elif match := re.match(r"(ok|not ok) \d+ (?:# (SKIP) )?(\S+)", line):
            found[f"{program} {match[3]}"] = match[2] or match[1]
    return found
