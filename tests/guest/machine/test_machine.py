# SPDX-License-Identifier: Apache-2.0
"""Doors that User-Mode Linux does not have: performance counters, and programs for the kernel."""

from __future__ import annotations

import errno
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.manifest import Manifest

BODY = """
/machine /manifest
sleep 2
cat /agent/audit/chain.log >/run/out/chain.log
"""


def test_refused_with_one_record_each(
    runner: Runner,
    program: Callable[[str], Path],
    authorizer: Any,
    script: Callable[[str], Path],
) -> None:
    files = {
        "/script": script(BODY),
        "/manifest": authorizer.sign(Manifest("machine")),
        "/machine": program("guest/machine/machine.c"),
    }
    job = Job(["/bin/busybox", "sh", "/script"], files=files, timeout=120)
    outcome = runner.run("direct", job, "machine")
    outcome.check()

    answers = dict(word.split("=") for word in outcome.output.split() if "=" in word)
    assert answers == {
        "outside_perf": "0",
        "outside_program": "0",
        "own_perf": str(errno.EPERM),
        "others_perf": str(errno.EPERM),
        "program": str(errno.EPERM),
    }
    lines = (outcome.out / "chain.log").read_text().splitlines()
    records = [json.loads(line) for line in lines if line.startswith('{"seq"')]
    denied = Counter(r["object"] for r in records if r["decision"] == "denied")
    assert denied == {"perf_event": 2, "bpf": 1}
