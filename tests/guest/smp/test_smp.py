# SPDX-License-Identifier: Apache-2.0
"""Four CPUs: what is withdrawn while it is used, and the escapes that race."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pycoconut import caps, cbor
from pycoconut.abi import AuditLevel
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO
from pycoconut.kbuild.counts import junit
from pycoconut.manifest import Manifest
from tests.uml.test_escapes import NAMES

SECONDS = int(os.environ.get("COCONUT_SMP_SECONDS", "30"))
GUEST = os.environ.get("COCONUT_SMP_GUEST", "direct-smp4")
WAYS = ("open", "held", "mapped", "child", "passed")


@pytest.mark.timeout(SECONDS + 700)
def test_what_is_withdrawn_is_used_no_more(
    runner: Runner,
    program: Callable[[str], Path],
    authorizer: Any,
    script: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    cap = caps.parse("fs:/t/file:read_file")
    (tmp_path / "cap").write_bytes(cbor.encode(cap.to_cbor()))
    manifest = Manifest("smp", audit=AuditLevel.DENIALS, capabilities=(cap,))
    files = {
        "/script": script(f"mkdir /t\necho xyz >/t/file\n/smp /manifest /cap /t/file {SECONDS}\n"),
        "/manifest": authorizer.sign(manifest),
        "/cap": tmp_path / "cap",
        "/smp": program("guest/smp/smp.c"),
    }
    argv = ["/bin/busybox", "sh", "/script"]
    outcome = runner.run(GUEST, Job(argv, files=files, timeout=SECONDS + 600), "smp")
    outcome.check()

    found = {k: int(v) for k, v in (w.split("=") for w in outcome.output.split() if "=" in w)}
    assert {key: found[key] for key in ("escaped", "moved", "left")} == {
        "escaped": 0,
        "moved": 0,
        "left": 0,
    }
    assert found["withdrawn"] >= 6
    for way in WAYS:
        assert min(found[f"used_{way}"], found[f"refused_{way}"]) > 3, way


@pytest.mark.timeout(1000)
def test_no_race_is_won(runner: Runner) -> None:
    """The same escapes as under User-Mode Linux, where one CPU runs all threads in turn."""
    racing = [name for name in NAMES if name.startswith("race_")]
    tests = [f"tests/uml/test_escapes.py::test_no_way_out[{name}]" for name in racing]
    argv = [sys.executable, "-m", "pytest", *tests, "-q", "--junitxml=/run/out/junit.xml"]
    env = {"PYTHONPATH": str(REPO / "tools"), "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/tmp"}
    outcome = runner.run("direct-host", Job(argv, REPO, env, timeout=900), "races")
    counts = junit(outcome.out / "junit.xml")
    assert (counts.passed, counts.failed) == (len(racing), 0), counts.failures
    outcome.check()
