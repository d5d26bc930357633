# SPDX-License-Identifier: Apache-2.0
"""Each kind of machine runs a job, sees the CPUs it was promised, and tells how it ended."""

from __future__ import annotations

import re

import pytest

from pycoconut.guest.definition import load
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO
from pycoconut.kbuild.console import Failure

SEES = "/bin/busybox nproc; /bin/busybox cat /agent/abi; exit 7"

KINDS = ["direct", "direct-host", "vng-smp4"]


@pytest.mark.parametrize("name", KINDS)
def test_a_job_runs_on_all_cpus_and_its_status_comes_back(runner: Runner, name: str) -> None:
    outcome = runner.run(name, Job(["/bin/busybox", "sh", "-c", SEES]), f"kinds-{name}")
    assert outcome.status == 7, outcome.console.read_text(errors="replace")[-2000:]
    lines = outcome.output.splitlines()
    assert int(lines[0]) == load(REPO / "qemu" / f"{name}.toml").smp
    assert "syscalls 472-479" in lines
    assert outcome.complaints() == []


TPM = """
b=/bin/busybox
$b cat /sys/class/tpm/tpm0/pcr-sha256/0
$b touch /run/out/tpm-dies
$b sleep 1
$b cat /sys/class/tpm/tpm0/pcr-sha256/0
exit 0
"""


def test_a_guest_has_a_tpm_which_dies_when_it_is_told_to(runner: Runner) -> None:
    outcome = runner.run("tpm", Job(["/bin/busybox", "sh", "-c", TPM]), "kinds-tpm")
    outcome.check()
    # A driver that gets no answer to the second shows no digits.
    assert len(re.findall(r"\b[0-9A-F]{64}\b", outcome.output)) == 1, outcome.output


def test_a_guest_that_dies_has_no_status(runner: Runner) -> None:
    outcome = runner.run("direct", Job(["/bin/busybox", "reboot", "-f"]), "kinds-reset")
    assert outcome.status is None
    with pytest.raises(Failure, match="without a status"):
        outcome.check()
