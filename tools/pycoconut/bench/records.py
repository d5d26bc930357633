# SPDX-License-Identifier: Apache-2.0
"""What it costs that all is recorded: until it is kept, beside Linux's audit, in daily work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pycoconut.bench.figures import Figure, amount, ratio, slowest
from pycoconut.bench.loads import Load, build_load, sqlite_load
from pycoconut.bench.stage import Stage, columns

__all__ = ["Records"]

ROUNDS = 9
LOOPS = 1000
OPENS = 10_000
LOADS = 2

DURABLE = 200
"""Denials of which the slowest hundredth is told."""

HELD, LACKED = "/etc/hostname", "/etc/passwd"


def _differences(minuends: Sequence[float], subtrahends: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(minuends, subtrahends, strict=True)]


@dataclass(frozen=True)
class Records:
    """A method a boot."""

    stage: Stage

    def figures(self) -> list[Figure]:
        """All of them."""
        return [*self.durable(), *self.called(), *self.audited(), *self.workload()]

    def durable(self) -> list[Figure]:
        """The low is the median here, the high the slowest of all."""
        caps = [f"fs:{HELD}:read_file"]
        argv = [
            str(self.stage.program("durable")),
            str(DURABLE),
            str(self.stage.manifest("durable", "decisions", caps)),
            HELD,
            LACKED,
        ]
        disk = self.stage.disk(256 << 20)
        denials, decisions = columns(self.stage.on_disk(disk, argv, "bench-durable"))
        note = (
            "until the disk of an idle system has it, by the daemon's writer: "
            "CPU time is a nanosecond an instruction, the disk's is real"
        )
        return [
            slowest("denial_durable_p99_ms", denials, 10.0, note),
            slowest("decision_durable_p99_ms", decisions, 1000.0),
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
