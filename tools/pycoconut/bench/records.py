# SPDX-License-Identifier: Apache-2.0
"""What it costs that all is recorded: until it is kept, beside Linux's audit, in daily work."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pycoconut.bench.figures import Figure, amount, ratio, slowest
from pycoconut.bench.loads import Load, build_load, sqlite_load
from pycoconut.bench.stage import Rows, Stage, columns
from pycoconut.guest.job import Job
from pycoconut.kbuild.console import Failure

__all__ = ["Records", "emitted"]

ROUNDS = 9
LOOPS = 1000
OPENS = 10_000
LOADS = 2

DURABLE = 200
"""Denials of which the slowest hundredth is told."""

_EMIT = "audit_chain_emit"
_EMITTED = re.compile(r"emit_ns median (\d+) p99 (\d+)")

HELD, LACKED = "/etc/hostname", "/etc/passwd"
KEPT = "/run/writer/var/log/coconut"
"""Where the disk is mounted that has the log."""


def _differences(minuends: Sequence[float], subtrahends: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(minuends, subtrahends, strict=True)]


def emitted(suite: str) -> Rows:
    """A round a line: nanoseconds of the median, and of the slowest hundredth.

    Raises:
        Failure: The suite did not pass, or printed none.
    """
    rows = [[float(word) for word in found] for found in _EMITTED.findall(suite)]
    if not rows or f"\nok 1 {_EMIT}" not in suite:
        raise Failure(
            f"{_EMIT} has no figures:\n{suite}",
            hint="run: python3 tools/pycoconut/kbuild/bootstrap.py test --only kunit",
        )
    return rows


@dataclass(frozen=True)
class Records:
    """A method a boot."""

    stage: Stage

    def figures(self) -> list[Figure]:
        """All of them."""
        return [
            *self.emitted(),
            *self.durable(),
            *self.called(),
            *self.audited(),
            *self.workload(),
        ]

    def emitted(self) -> list[Figure]:
        """What a record costs who makes it, natively: User-Mode Linux runs as a program here.

        The kernel's own suite takes the time of each of 8,192 records in a round, by the
        machine's monotonic clock, in bursts after which all is sealed. Microseconds, as the
        median of the rounds: what else runs on this machine can only add to a round, so
        the low is nearest to the truth. That clock goes by steps of 0.256 us there, and
        reading it is part of what is measured.
        """
        job = Job(["true"], boot=["kunit.enable=1", f"kunit.filter_glob={_EMIT}"])
        outcome = self.stage.runner.run("uml", job, "bench-emit")
        outcome.check()
        rounds = emitted((outcome.out / "kunit" / _EMIT).read_text())
        middle, late = ([ns / 1e3 for ns in column] for column in columns(rounds))
        note = "one record with its MAC, on the acting CPU, as it is in User-Mode Linux"
        return [
            Figure("emit_p99_us", median(late), min(late), max(late), 2.0, note=note),
            amount("emit_median_us", middle),
        ]

    def durable(self) -> list[Figure]:
        """The low is the median here, the high the slowest of all."""
        caps = [f"fs:{HELD}:read_file"]
        argv = [
            str(self.stage.program("durable")),
            str(DURABLE),
            str(self.stage.manifest("durable", "decisions", caps)),
            HELD,
            LACKED,
            KEPT,
        ]
        disk = self.stage.disk(256 << 20)
        denials, decisions, plain = columns(self.stage.on_disk(disk, argv, "bench-durable"))
        note = (
            "until the disk of an idle system has it, by the daemon's writer: "
            "CPU time is a nanosecond an instruction, the disk's is real"
        )
        return [
            slowest("denial_durable_p99_ms", denials, 10.0, note),
            slowest("decision_durable_p99_ms", decisions, 1000.0),
            slowest("disk_durable_p99_ms", plain, None, "a plain write and fsync() beside them"),
        ]

    def called(self) -> list[Figure]:
        """What no other agent may pay, and what an agent pays each of whose calls is recorded."""
        files = [
            self.stage.program("called"),
            self.stage.manifest("decisions", "decisions", []),
            self.stage.manifest("calls", "syscalls", []),
        ]
        script = [f"/called {ROUNDS} {LOOPS} /decisions.cose /calls.cose"]
        plain, decisions, calls = columns(self.stage.boot(script, "bench-called", files))
        note = "getppid(), recorded twice: before it is made, and with what it returned"
        return [
            ratio("getppid_level_decisions_vs_plain", decisions, plain, 1.02),
            ratio("getppid_level_syscalls_vs_plain", calls, plain, note=note),
        ]

    def audited(self) -> list[Figure]:
        """open() that nobody records, that Linux's audit does, and that the chain does.

        Less what an open() costs that nobody records: the rest is the records' own.
        """
        files = [
            self.stage.program("audited"),
            self.stage.program("persist", "guest/common"),
            self.stage.manifest("audited", "decisions", ["fs:/tmp/bench:read_file"]),
        ]
        script = [
            "/persist /agent/audit/chain.log /tmp/chain.log &",
            f"/audited {ROUNDS} {OPENS} /audited.cose",
        ]
        rows = self.stage.boot(script, "bench-audited", files)
        plain, linux, ours, linux_lost, lost = columns(rows)
        costs = zip(_differences(linux, plain), _differences(ours, plain), strict=True)
        faster = [theirs / own for theirs, own in costs]
        whole = [theirs / own for theirs, own in zip(linux, ours, strict=True)]
        note = (
            "time of an open() less that of one that is not recorded, until its record is in a file"
        )
        name = "audit_throughput_vs_linux_audit"
        return [
            amount(name, faster, note, least=5.0),
            amount(f"{name}_whole", whole, "the same with the open() itself"),
            Figure("audit_lost_vs_linux_audit", lost[-1], 0, lost[-1], 0),
            amount("linux_audit_lost", linux_lost[-1:]),
        ]

    def _load(self, load: Load) -> Figure:
        """A load outside every agent and in one; percent of the first that the second adds."""
        script = self.stage.script(load.name, load.script)
        files = [
            self.stage.program("workload"),
            self.stage.manifest("workload", "decisions", ["fs:/:all", "exec:/:run"]),
            script,
        ]
        words = f"/workload {LOADS} /workload.cose /bin/sh /{script.name}"
        rows = self.stage.boot([words], f"bench-{load.name}", files, host=load.files)
        plain, agent = columns(rows)
        more = _differences(agent, plain)
        percent = [100 * m / p for m, p in zip(more, plain, strict=True)]
        name = f"workload_overhead_percent_{load.name}"
        return Figure(name, median(percent), min(percent), max(percent), 3.0)

    def workload(self) -> list[Figure]:
        """Each load, and the one that costs most. Decisions are recorded, as by default."""
        linux = self.stage.runner.where.build / "linux"
        loads = [build_load(linux, linux / "out-vm"), sqlite_load()]
        each = [self._load(load) for load in loads]
        worst = max(each, key=lambda figure: figure.value)
        return [
            Figure("workload_overhead_percent", worst.value, worst.low, worst.high, 3.0),
            *each,
        ]
