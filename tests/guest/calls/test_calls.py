# SPDX-License-Identifier: Apache-2.0
"""The level `syscalls` where calls enter by the generic code, on four CPUs.

What is done is what tests/uml/test_calls.py does, where the entry is another.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pycoconut.abi import AuditLevel, Event
from pycoconut.audit import Record
from pycoconut.caps import parse
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.manifest import Manifest
from tests.guest.calls import doors, ways

REQUESTS = 4096
"""In one call: as many as the ring of a CPU has room for records."""

BODY = f"""
/calls /loud | cat >/run/out/calls
/doors /loud /file32 | cat >/run/out/doors
/ring /loud {REQUESTS}
/ring /quiet {REQUESTS}
sleep 2
cat /agent/audit/chain.log >/run/out/chain.log
cat /agent/audit/stats >/run/out/stats
"""


@pytest.fixture
def out(
    runner: Runner,
    program: Callable[[str], Path],
    authorizer: Any,
    script: Callable[[str], Path],
    tmp_path: Path,
) -> Path:
    """What the guest left."""
    caps = tuple(parse(text) for text in ways.CAPS)
    file32 = tmp_path / "file32"
    file32.write_bytes(doors.FILE32)
    file32.chmod(0o755)
    files = {
        "/script": script(BODY),
        "/loud": authorizer.sign(Manifest("loud", audit=AuditLevel.SYSCALLS, capabilities=caps)),
        "/quiet": authorizer.sign(Manifest("quiet", capabilities=caps)),
        "/file32": file32,
        **{f"/{name}": program(f"guest/calls/{name}.c") for name in ("calls", "doors", "ring")},
    }
    argv = ["/bin/busybox", "sh", "/script"]
    outcome = runner.run("direct-smp4", Job(argv, files=files, timeout=300), "calls")
    outcome.check()
    return outcome.out


@pytest.mark.timeout(360)
def test_each_call_once(out: Path) -> None:
    lines = (out / "chain.log").read_bytes().splitlines(True)
    records = [Record.parse(line) for line in lines if line.startswith(b'{"seq"')]
    agents = sorted({r.aid for r in records if r.event is Event.ENTER})
    calls, opened, ring, quiet = ([r for r in records if r.aid == aid] for aid in agents)

    said = (out / "calls").read_text()
    assert "dispatch on" in said
    assert "int80 killed" in said
    ways.check(calls)
    doors.check((out / "doors").read_text(), opened, is_uml=False)
    asked = [r for r in ring if r.event is Event.SYSCALL and r.object.startswith(b"uring:")]
    assert [r.object for r in asked] == [b"uring:0 0"] * REQUESTS
    assert not any(r.event in (Event.SYSCALL, Event.RETURN) for r in quiet)
    assert "lost 0\n" in (out / "stats").read_text()
