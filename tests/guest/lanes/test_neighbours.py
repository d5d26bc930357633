# SPDX-License-Identifier: Apache-2.0
"""Beside agents that take all that they can get others are refused nothing, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pycoconut import audit
from pycoconut.abi import Decision, Event
from pycoconut.aid import parse_aid
from pycoconut.bench import neighbours
from pycoconut.guest.disk import ext4
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO
from pycoconut.manifest import load

SECONDS = 2
OVER = {("memory", "ram"), ("forks", "pids")}
"""Who is refused what; the others wait."""


def read(log: Path) -> tuple[dict[int, str], Counter[tuple[int, Decision]], set[tuple[int, str]]]:
    """The agents' names, how often each was allowed or denied something, and who was over what."""
    names: dict[int, str] = {}
    count: Counter[tuple[int, Decision]] = Counter()
    over = set()
    for record in audit.records([log], audit.Filter()):
        words = record.object.decode(errors="replace").split()
        if record.event is Event.SPAWN:
            names[parse_aid(words[0])] = words[1]
        elif record.event is Event.ACCESS:
            count[record.aid, record.decision] += 1
        elif record.event is Event.QUOTA and words[-1] == "over":
            over.add((record.aid, words[-2]))
    return names, count, over


@pytest.mark.timeout(900)
def test_others_are_refused_nothing(
    runner: Runner,
    program: Callable[[str], Path],
    authorizer: Any,
    script: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    disk = ext4(tmp_path / "disk", 64 << 20)
    folder = REPO / "tests/bench/neighbours"
    manifests = [authorizer.sign(load(folder / f"{name}.yaml")) for name in neighbours.NAMES]
    lines = neighbours.script(SECONDS, manifests, "/run/out/chain.log")
    lines.append("cat /agent/audit/stats >/run/out/stats")
    files = {
        "/script": script("\n".join(lines)),
        "/neighbours": program("bench/neighbours.c"),
        "/persist": program("guest/common/persist.c"),
        **{f"/{path.name}": path for path in manifests},
    }
    argv = ["/bin/busybox", "sh", "/script"]
    job = Job(argv, files=files, timeout=800, disks=[disk])
    outcome = runner.run("direct-smp4", job, "neighbours")
    outcome.check()

    log = outcome.out / "chain.log"
    result = audit.verify([log])
    assert result.verdict is audit.Verdict.UNANCHORED, result
    names, count, over = read(log)
    assert Counter(names.values())["quiet"] == 6, "three alone, three beside the others"
    for aid in (aid for aid, name in names.items() if name == "quiet"):
        assert count[aid, Decision.ALLOWED] > 10, "it got on"
        assert not count[aid, Decision.DENIED]
    assert {(names[aid], kind) for aid, kind in over} >= OVER
    (flooder,) = (aid for aid, name in names.items() if name == "log")
    assert count[flooder, Decision.DENIED] > 1000
    stats = dict(line.split() for line in (outcome.out / "stats").read_text().splitlines())
    assert stats["lost"] == "0"
