# SPDX-License-Identifier: Apache-2.0
"""`make bench`: every figure of build/bench.json."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from pycoconut.bench.boots import Access, Bench
from pycoconut.bench.figures import Figure, ratio, table, write
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO, places
from pycoconut.kbuild.console import Console, Failure

RULES = (1, 10, 1000)
RUNS = 3
"""How often the verifier is timed."""


def _access(rules: int, a: Access) -> list[Figure]:
    """The goals are those of one rule; the suffix names others."""
    suffix = "" if rules == 1 else f"_{rules}_rules"
    figures = [
        ratio(f"open_confined_vs_landlock{suffix}", a.denials, a.landlock, 1.0),
        ratio(f"open_audited_vs_landlock{suffix}", a.decisions, a.landlock),
    ]
    if rules == 1:
        cost = [full - quiet for full, quiet in zip(a.decisions, a.denials, strict=True)]
        figures.append(
            ratio("emit_vs_getppid", cost, a.getppid, note="one record with its MAC, in calls")
        )
    return figures


def _unconfined(bench: Bench) -> Figure:
    """Two boots, since one kernel is not the other; each is set against its own getppid."""
    ours = bench.plain("")
    base = bench.plain("base")
    opened = [(a / b) for a, b in zip(ours[1], ours[0], strict=True)]
    vanilla = [(a / b) for a, b in zip(base[1], base[0], strict=True)]
    note = "each boot's open() over its own getppid(), then one over the other"
    return ratio("open_unconfined_vs_vanilla", opened, vanilla, 1.02, note)


def _spawn(bench: Bench) -> list[Figure]:
    """What confinement adds to fork, exec and exit, which both have to do."""
    cost = bench.spawn()
    size = float(cost.agent_bytes)
    agent = [a - p for a, p in zip(cost.agent, cost.plain, strict=True)]
    note = "CPU time of the processes, kernel threads left out, less that of fork, exec and exit"
    bwrap = [b - p for b, p in zip(cost.bwrap, cost.plain, strict=True)]
    return [
        ratio("spawn_vs_bwrap", agent, bwrap, 0.1, note),
        ratio("spawn_whole_vs_bwrap_whole", cost.agent, cost.bwrap),
        ratio("spawn_vs_fork_exec", cost.agent, cost.plain),
        Figure("agent_bytes", size, size, size, 8192, note="kernel memory over 1,000 live agents"),
    ]


def _verify(bench: Bench, log: Path) -> Figure:
    """The verifier over a real log, start-up included."""
    with log.open("rb") as lines:
        count = sum(line.startswith(b'{"seq"') for line in lines)
    rates = []
    for _ in range(RUNS):
        start = time.monotonic()
        argv = [sys.executable, "-m", "pycoconut.cli", "audit", "verify", str(log)]
        subprocess.run(argv, env={"PYTHONPATH": str(REPO / "tools")}, capture_output=True)
        rates.append(count / (time.monotonic() - start))
    note = f"{count} records of this bench's own boot, on this machine"
    return Figure("verify_records_per_second", median(rates), min(rates), max(rates), note=note)


def main() -> int:
    """Boots, measures, prints the table and writes build/bench.json."""
    where = places()
    folder = where.build / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(Runner(Console(where.logs, where.times), where), folder)
    try:
        figures = [_unconfined(bench)]
        for rules in RULES:
            figures += _access(rules, bench.access(rules))
        figures += _spawn(bench)
        figures.append(_verify(bench, bench.log()))
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    write(figures, where.build / "bench.json")
    print(table(figures))
    print(f"\n{where.build / 'bench.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
