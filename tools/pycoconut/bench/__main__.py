# SPDX-License-Identifier: Apache-2.0
"""`make bench`: every figure of build/bench.json."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from subprocess import PIPE

from pycoconut.bench.boots import Access, Bench, Lanes
from pycoconut.bench.figures import Figure, amount, ratio, table, write
from pycoconut.bench.records import Records
from pycoconut.bench.stage import Stage
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO, load_base, places
from pycoconut.kbuild.console import Console, Failure
from pycoconut.kbuild.kernel import Kernel, variant

RULES = (1, 10, 1000)
DEPTHS = (1, 10, 29)
FEW_AGENTS, MANY_AGENTS = 100, 10_000
RUNS = 3
"""How often the verifier is timed."""


def _access(rules: int, depth: int, a: Access) -> list[Figure]:
    """One rule and depth 1 go without saying; the suffix names others."""
    suffix = "" if rules == 1 else f"_{rules}_rules"
    suffix += "" if depth == 1 else f"_depth_{depth}"
    return [
        ratio(f"open_confined_vs_landlock{suffix}", a.denials, a.landlock, 1.0),
        ratio(f"open_audited_vs_landlock{suffix}", a.decisions, a.landlock),
    ]


def _emit(a: Access) -> Figure:
    """What an open() costs more where it is recorded."""
    cost = [full - quiet for full, quiet in zip(a.decisions, a.denials, strict=True)]
    note = "one record, from its path to its seal in the log, in calls"
    return ratio("emit_vs_getppid", cost, a.getppid, note=note)


def _open(bench: Bench) -> list[Figure]:
    measured = {rules: bench.access(rules, DEPTHS) for rules in RULES}
    figures = [
        figure
        for rules, by_depth in measured.items()
        for depth, access in by_depth.items()
        for figure in _access(rules, depth, access)
    ]
    return [*figures, _emit(measured[RULES[0]][DEPTHS[0]])]


def _unconfined(bench: Bench) -> Figure:
    """Two boots, since one kernel is not the other; each is set against its own getppid."""
    ours = bench.plain("")
    base = bench.plain("base")
    opened = [(a / b) for a, b in zip(ours[1], ours[0], strict=True)]
    vanilla = [(a / b) for a, b in zip(base[1], base[0], strict=True)]
    note = "each boot's open() over its own getppid(), then one over the other"
    return ratio("open_unconfined_vs_vanilla", opened, vanilla, 1.02, note)


def _read(bench: Bench) -> list[Figure]:
    """The shortest read there is has the goal: of any other the check is a smaller part."""
    use = bench.use()
    return [
        ratio(
            "read_confined_vs_unconfined",
            use.byte_agent,
            use.byte_plain,
            1.02,
            "pread() of one byte of an open file, in one boot",
        ),
        ratio(
            "read_page_confined_vs_unconfined",
            use.page_agent,
            use.page_plain,
            note="the same of 4096 bytes",
        ),
    ]


def _execute(bench: Bench) -> Figure:
    """Two boots, as _unconfined()."""
    ours, base = bench.execute()
    agent = [(a / b) for a, b in zip(ours.execve, ours.getppid, strict=True)]
    vanilla = [(a / b) for a, b in zip(base.execve, base.getppid, strict=True)]
    note = (
        "execve() of a static program to its next, measured and recorded in the agent; "
        "each boot's over its own getppid(), then one over the other"
    )
    return ratio("exec_confined_vs_vanilla", agent, vanilla, 1.05, note)


def _connect(bench: Bench) -> list[Figure]:
    one, many = bench.connect(1), bench.connect(1000)
    return [
        ratio(
            "connect_confined_vs_landlock",
            one.agent,
            one.landlock,
            1.0,
            "a TCP connection over the loopback, from socket() to close() of both ends",
        ),
        ratio("connect_confined_vs_landlock_1000_rules", many.agent, many.landlock),
    ]


def _revoke(bench: Bench) -> list[Figure]:
    """The clock's milliseconds are a million instructions each."""
    return [
        amount(
            "revoke_subtree_1000_ms",
            bench.revoke_tree(),
            "one revoke, until it has returned, that 1,000 descendants derive theirs from; "
            "a million instructions is a millisecond",
        ),
        amount(
            "revoke_open_fds_10000_ms",
            bench.revoke_files(),
            "the same of what a process has 10,000 files open by",
        ),
    ]


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


def _tokens(bench: Bench) -> Figure:
    """The settlement stands beside it, with no goal of its own."""
    getppid, reserve, _settle = bench.tokens()
    note = "one reservation of inference tokens, of an agent whose records are its denials"
    return ratio("token_reserve_vs_getppid", reserve, getppid, 3, note)


def _promote(bench: Bench) -> Figure:
    """Of the same number of pages, so that times are rates."""
    promoted, moved = bench.promote()
    note = "pages of shared memory to the fast node, an agent's within its budget"
    name = "tier_promote_gib_per_second_vs_move_pages"
    return ratio(name, moved, promoted, 1.0, note, more_is_better=True)


def _mass(bench: Bench) -> list[Figure]:
    few, many = bench.mass(FEW_AGENTS), bench.mass(MANY_AGENTS)
    rate = many.spawned / many.programs
    growth = many.kib / few.kib
    return [
        Figure(
            "spawns_per_second_vs_fork_exec",
            rate,
            rate,
            rate,
            0.8,
            more_is_better=True,
            note="agents without a task, over programs run to their end",
        ),
        Figure(
            "agents_10000_kib_each",
            many.kib,
            many.kib,
            many.kib,
            16,
            note="kernel memory, the agent's cgroup with it",
        ),
        Figure("agents_10000_vs_100_kib_each", growth, growth, growth, 1.1),
        amount("agents_10000_list_ms", [many.listed_ms]),
        amount("agents_10000_end_ms", [many.ended_ms]),
    ]


def _share_error(lanes: Lanes) -> float:
    """The largest distance of a tenant from its part, in percent of that part."""
    part = sum(lanes.used) / len(lanes.used)
    return max(abs(used - part) for used in lanes.used) / part * 100


def _lanes(bench: Bench) -> list[Figure]:
    """Ours has the goals; groups made by hand on Linux as it comes stand beside it."""
    figures = []
    for suffix, lanes in (("", bench.lanes()), ("_plain", bench.lanes("base"))):
        error, late = _share_error(lanes), lanes.beside_ns / lanes.alone_ns
        goals = (None, None) if suffix else (2, 1.2)
        figures += [
            Figure(f"lane_share_error_percent{suffix}", error, error, error, goals[0]),
            Figure(f"lane_wakeup_p99_vs_alone{suffix}", late, late, late, goals[1]),
        ]
    return figures


def _neighbours(bench: Bench) -> Figure:
    alone, beside = bench.neighbours()
    late = beside / alone
    note = (
        f"99th percentile of a wake-up and an open(), {alone / 1e3:.0f} us alone, on one CPU, "
        "beside a memory bomb, a fork bomb, and who floods the disk, a socket and the log"
    )
    return Figure("neighbour_p99_vs_alone", late, late, late, 1.1, note=note)


def _verified(argv: list[str], log: Path) -> tuple[int, float, float]:
    """What a verifier read of a log: records, seconds, and seconds of CPU, its start included."""
    before, start = getrusage(RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([*argv, str(log)], env={"PYTHONPATH": str(REPO / "tools")}, stdout=PIPE)
    seconds, after = time.monotonic() - start, getrusage(RUSAGE_CHILDREN)
    records = sum(boot["records"] for boot in json.loads(done.stdout)["boots"])
    return records, seconds, sum(after[:2]) - sum(before[:2])


def _verify(log: Path) -> list[Figure]:
    """The verifiers over a real log."""
    native = REPO / "build/audit-verify/coconut-audit-verify"
    subprocess.run(["make", "-s", "-C", str(REPO / "tools/audit-verify")], check=True)
    command = [sys.executable, "-m", "pycoconut.cli", "--json", "audit", "verify"]
    python = [_verified(command, log) for _ in range(RUNS)]
    c = [_verified([str(native), "--json"], log) for _ in range(RUNS)]
    note = f"{c[0][0]} records of this bench's own boot, on this machine"
    return [
        amount("verify_records_per_second", [n / wall for n, wall, _ in python], note),
        amount(
            "verify_records_per_second_core",
            [n / cpu for n, _, cpu in c],
            "the same by the verifier in C, by a second of CPU",
            1e6,
        ),
    ]


def _measure(bench: Bench) -> list[Figure]:
    return [
        _unconfined(bench),
        *_open(bench),
        *_read(bench),
        _execute(bench),
        *_connect(bench),
        *_revoke(bench),
        *_spawn(bench),
        _tokens(bench),
        _promote(bench),
        *_mass(bench),
        *_lanes(bench),
        _neighbours(bench),
        *Records(bench.stage).figures(),
        *_verify(bench.log()),
    ]


def main() -> int:
    """Boots, measures, prints the table and writes build/bench.json."""
    where = places()
    folder = where.build / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(where.logs, where.times)
    try:
        headers = Kernel(console, load_base(), where, variant("vm")).headers()
        figures = _measure(Bench(Stage(Runner(console, where), folder, headers)))
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    write(figures, where.build / "bench.json")
    print(table(figures))
    print(f"\n{where.build / 'bench.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
