# SPDX-License-Identifier: Apache-2.0
"""Four CPUs: what a tenant gets beside one with many busy agents, and a budget under a race."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pycoconut.abi import AuditLevel, Lane
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.manifest import Manifest

SECONDS = int(os.environ.get("COCONUT_LANE_SECONDS", "5"))
RESERVATIONS = int(os.environ.get("COCONUT_RESERVATIONS", "100000"))
THREADS, LIMIT = 64, 1000
BUSY = 64
GUEST = "direct-smp4"


@pytest.mark.timeout(SECONDS * 30 + 600)
def test_many_agents_have_one_tenants_share(
    runner: Runner,
    program: Callable[[str], Path],
    authorizer: Any,
    script: Callable[[str], Path],
) -> None:
    """By task each of the quiet tenants would have one of 67 parts; it has one of four."""
    names = [f"t{i}" for i in range(4)]
    lanes = [Lane.NORMAL] + [Lane.INTERACTIVE] * 3
    files = {
        f"/{name}": authorizer.sign(Manifest(name, name, lane=lane, audit=AuditLevel.DENIALS))
        for name, lane in zip(names, lanes, strict=True)
    }
    words = " ".join(f"/{name}" for name in names)
    files["/lanes"] = program("bench/lanes.c")
    files["/script"] = script(f"/lanes share {SECONDS} {BUSY} {words}\n")
    job = Job(["/bin/busybox", "sh", "/script"], files=files, timeout=SECONDS * 30 + 500)
    outcome = runner.run(GUEST, job, "lanes")
    outcome.check()
    used = [int(word) for word in outcome.output.splitlines()[0].split()]
    for share in used[1:]:
        assert share / sum(used) > 0.2, used


@pytest.mark.timeout(RESERVATIONS // 500 + 600)
def test_not_one_token_over(
    runner: Runner,
    program: Callable[[str], Path],
    authorizer: Any,
    script: Callable[[str], Path],
) -> None:
    manifest = Manifest("racing", "tests", audit=AuditLevel.DENIALS)
    files = {
        "/manifest": authorizer.sign(manifest),
        "/reserve": program("guest/lanes/reserve.c"),
        "/script": script(f"/reserve {THREADS} {RESERVATIONS} {LIMIT} /manifest\n"),
    }
    job = Job(["/bin/busybox", "sh", "/script"], files=files, timeout=RESERVATIONS // 500 + 500)
    outcome = runner.run(GUEST, job, "reserve")
    outcome.check()
    found = {k: int(v) for k, v in (w.split("=") for w in outcome.output.split() if "=" in w)}
    assert found["granted"] + found["refused"] == RESERVATIONS // THREADS * THREADS
    assert found["granted"] == found["settled"]
    assert min(found["granted"], found["refused"]) > 0
    assert (found["used"], found["reserved"]) == (found["counted"], 0)
    assert found["used"] <= found["high_water"] <= found["limit"] == LIMIT
