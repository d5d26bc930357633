# SPDX-License-Identifier: Apache-2.0
"""A file is decided on where it is, not where it never was, while all above it moves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pycoconut import caps
from pycoconut.abi import AuditLevel
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.manifest import Manifest

SECONDS = int(os.environ.get("COCONUT_RENAMES", "20"))


@pytest.mark.timeout(900)
def test_nothing_leaks_and_nothing_is_lost(
    runner: Runner,
    program: Callable[[str], Path],
    authorizer: Any,
    script: Callable[[str], Path],
) -> None:
    manifest = Manifest(
        name="renames",
        audit=AuditLevel.DENIALS,
        capabilities=(caps.parse("fs:/t/in:read_file"),),
    )
    files = {
        "/script": script(f"/renames /manifest 2 {SECONDS}\n"),
        "/manifest": authorizer.sign(manifest),
        "/renames": program("guest/renames/renames.c"),
    }
    outcome = runner.run(
        "direct-smp4",
        Job(["/bin/busybox", "sh", "/script"], files=files, timeout=600),
        "renames",
    )
    outcome.check()

    numbers = {k: int(v) for k, v in (w.split("=") for w in outcome.output.split() if "=" in w)}
    assert numbers["leaked"] == 0
    assert numbers["lost"] == 0
    assert min(numbers["moves"], numbers["opened"], numbers["refused"]) > 100
