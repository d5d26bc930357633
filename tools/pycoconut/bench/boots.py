# SPDX-License-Identifier: Apache-2.0
"""The boots that are measured: what each of them measures, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pycoconut.bench import neighbours
from pycoconut.bench.stage import Stage, columns
from pycoconut.kbuild.base import REPO

__all__ = ["Access", "Bench", "Connect", "Execute", "Lanes", "Mass", "Spawn", "Use"]

ROUNDS = 9
LOOPS = 1000
"""Operations in one round of one worker. The clock counts instructions, so few are enough; but
what is sealed after the last of them is not counted, and should be a small part."""

SPAWNS = 40
EXECUTES = 40
CONNECTS = 500
REVOKES = 5

_FILE = "fs:/tmp/bench/0:read_file"

_LEAVE_ROOTFS = (
    "b=/bin/busybox",
    "$b mkdir /top",
    "$b mount -t tmpfs root /top",
    "for at in bin lib lib64 usr spawn spawn.cose nothing; do",
    "  if [ -e /$at ]; then $b cp -a /$at /top/; fi",
    "done",
    "for at in agent proc dev tmp; do $b mkdir /top/$at; $b mount -o bind /$at /top/$at; done",
    "cd /top",
    "$b mount -o move . /",
)
"""bwrap pivots the root, which the first root file system does not allow."""

NEIGHBOUR_SECONDS = 2

PROMOTED = 4096
"""Pages moved in one round."""

TENANTS = 4
LANE_BUSY = 64
"""Agents of the first tenant; the others have one each."""

LANE_SECONDS = 10

RECORDS = 60_000
"""In the log that is verified; it must fit the kernel's memory for logs."""


@dataclass(frozen=True)
class Access:
    """Nanoseconds a round: getppid, then open() and close() in four confinements."""

    getppid: list[float]
    plain: list[float]
    landlock: list[float]
    denials: list[float]
    decisions: list[float]


@dataclass(frozen=True)
class Use:
    """Nanoseconds a round: pread() of a byte and of a page, outside every agent and in one."""

    byte_plain: list[float]
    byte_agent: list[float]
    page_plain: list[float]
    page_agent: list[float]


@dataclass(frozen=True)
class Connect:
    """Nanoseconds a round: a TCP connection outside every agent, under Landlock, in an agent."""

    plain: list[float]
    landlock: list[float]
    agent: list[float]


@dataclass(frozen=True)
class Execute:
    """Nanoseconds a round: getppid, then execve() and what the program does until its next."""

    getppid: list[float]
    execve: list[float]


@dataclass(frozen=True)
class Spawn:
    """Microseconds a round of running /bin/true three ways, and the bytes of a live agent."""

    agent: list[float]
    bwrap: list[float]
    plain: list[float]
    agent_bytes: int


@dataclass(frozen=True)
class Mass:
    """Many agents at once: how fast they come, beside plain programs, and what each costs."""

    spawned: float
    programs: float
    kib: float
    listed_ms: float
    ended_ms: float


@dataclass(frozen=True)
class Lanes:
    """CPU time of each of four tenants, and the 99th percentile of how late one wakes up."""

    used: list[float]
    alone_ns: float
    beside_ns: float


@dataclass(frozen=True)
class Bench:
    """A method a boot, or two where two kernels are compared."""

    stage: Stage

    def access(self, rules: int, depths: Sequence[int]) -> dict[int, Access]:
        """open() and close() under @rules rules of each kind, by the depth of the file."""
        caps = [f"fs:/tmp/bench/{i}:read_file" for i in range(rules)]
        files = [
            self.stage.program("access"),
            self.stage.manifest("denials", "denials", caps),
            self.stage.manifest("decisions", "decisions", caps),
        ]
        words = "/denials.cose /decisions.cose"
        script = [f"/access {ROUNDS} {LOOPS} {rules} {depth} {words}" for depth in depths]
        rows = self.stage.boot(script, f"bench-access-{rules}", files)
        return {
            depth: Access(*columns(rows[at * ROUNDS : (at + 1) * ROUNDS]))
            for at, depth in enumerate(depths)
        }

    def plain(self, kernel: str) -> tuple[list[float], list[float]]:
        """getppid and open() outside every agent, on another kernel."""
        files = [self.stage.program("access")]
        rows = self.stage.boot([f"/access {ROUNDS} {LOOPS}"], f"bench-plain{kernel}", files, kernel)
        getppid, opened = columns(rows)
        return getppid, opened

    def use(self) -> Use:
        """pread() of a file that is open."""
        files = [self.stage.program("use"), self.stage.manifest("use", "denials", [_FILE])]
        rows = self.stage.boot([f"/use {ROUNDS} {LOOPS} /use.cose"], "bench-use", files)
        return Use(*columns(rows))

    def connect(self, rules: int) -> Connect:
        """A TCP connection under @rules rules of each kind, each for one port."""
        caps = [f"net:tcp/127.0.0.1/32/{1000 + i}:connect" for i in range(rules)]
        files = [
            self.stage.program("connect"),
            self.stage.manifest("connect", "denials", caps),
        ]
        script = [f"/connect {ROUNDS} {CONNECTS} {rules} /connect.cose"]
        return Connect(*columns(self.stage.boot(script, f"bench-connect-{rules}", files)))

    def execute(self) -> tuple[Execute, Execute]:
        """execve() in an agent on our kernel, and on Linux as it comes."""
        program = self.stage.program("execute")
        manifest = self.stage.manifest("execute", "denials", ["exec:/execute:run"])
        words = f"/execute {ROUNDS} {EXECUTES}"
        rows = self.stage.boot([f"{words} /execute.cose"], "bench-execute", [program, manifest])
        getppid, _, agent = columns(rows)
        base = self.stage.boot([words], "bench-executebase", [program], "base")
        return Execute(getppid, agent), Execute(*columns(base))

    def revoke_tree(self) -> list[float]:
        """Milliseconds a round of one revoke that reaches 1,000 descendants."""
        spawns = [_FILE, "agent:children/0:spawn"]
        files = [
            self.stage.program("revoke"),
            self.stage.manifest("root", "denials", spawns),
            self.stage.manifest("branch", "denials", spawns),
            self.stage.manifest("leaf", "denials", [_FILE]),
        ]
        script = [f"/revoke {REVOKES} tree /root.cose /branch.cose /leaf.cose"]
        return columns(self.stage.boot(script, "bench-revoke-tree", files))[0]

    def revoke_files(self) -> list[float]:
        """Milliseconds a round of one revoke that reaches 10,000 open files."""
        files = [self.stage.program("revoke"), self.stage.manifest("root", "denials", [_FILE])]
        script = [f"/revoke {REVOKES} files /root.cose"]
        return columns(self.stage.boot(script, "bench-revoke-files", files))[0]

    def spawn(self) -> Spawn:
        """A program in a new agent, in bwrap, and alone."""
        caps = ["fs:/:read_file,read_dir", "exec:/:run"]
        files = [self.stage.program("spawn"), self.stage.program("nothing")]
        files.append(self.stage.manifest("spawn", "denials", caps))
        script = [*_LEAVE_ROOTFS, f"exec $b chroot . /spawn {ROUNDS} {SPAWNS} /spawn.cose"]
        rows = self.stage.boot(script, "bench-spawn", files)
        agent, bwrap, plain = columns(rows[:-1])
        return Spawn(agent, bwrap, plain, int(rows[-1][0]))

    def tokens(self) -> tuple[list[float], list[float], list[float]]:
        """getppid, a reservation of tokens, and its settlement."""
        files = [self.stage.program("tokens"), self.stage.manifest("tokens", "denials", [])]
        rows = self.stage.boot([f"/tokens {ROUNDS} {LOOPS} /tokens.cose"], "bench-tokens", files)
        getppid, reserve, settle = columns(rows)
        return getppid, reserve, settle

    def promote(self) -> tuple[list[float], list[float]]:
        """Nanoseconds a round of pages on their way to HBM: an agent's, and by move_pages(2)."""
        files = [
            self.stage.program("promote"),
            self.stage.manifest(
                "promote",
                "denials",
                ["mem:hbm/67108864:use", "mem:ram/67108864:use"],
                quotas="{hbm: 67108864}",
            ),
        ]
        script = [f"/promote {ROUNDS} {PROMOTED} /promote.cose"]
        promoted, moved = columns(
            self.stage.boot(script, "bench-promote", files, guest="count-hmat")
        )
        return promoted, moved

    def mass(self, count: int) -> Mass:
        """@count agents that live at once."""
        files = [
            self.stage.program("mass"),
            self.stage.program("nothing"),
            self.stage.manifest("mass", "denials", []),
        ]
        script = [f"/mass {count} /mass.cose"]
        (row,) = self.stage.boot(script, f"bench-mass-{count}", files, guest="count-4g")
        return Mass(*row)

    def lanes(self, kernel: str = "") -> Lanes:
        """Four tenants; on the base in groups that were made by hand.

        Shares of four CPUs by its clock, latencies on one CPU by instructions: what else runs
        on this machine has no part in them.
        """
        files = [self.stage.program("lanes")]
        words = []
        for i in range(0 if kernel else TENANTS):
            lane = "interactive" if i else "normal"
            files.append(self.stage.manifest(f"t{i}", "denials", [], tenant=f"t{i}", lane=lane))
            words.append(f"/t{i}.cose")

        def boot(what: str, guest: str) -> list[float]:
            script = [f"/lanes {what} {LANE_SECONDS} {LANE_BUSY} {' '.join(words)}"]
            return self.stage.boot(script, f"bench-{what}{kernel}", files, kernel, guest)[0]

        return Lanes(boot("share", "direct-smp4"), *boot("late", "count"))

    def neighbours(self) -> tuple[float, float]:
        """How late the quiet are, alone and beside those who take all, in nanoseconds."""
        folder = REPO / "tests/bench/neighbours"
        manifests = [self.stage.signed(folder / f"{name}.yaml") for name in neighbours.NAMES]
        files = [
            self.stage.program("neighbours"),
            self.stage.program("persist", "guest/common"),
            *manifests,
        ]
        script = neighbours.script(NEIGHBOUR_SECONDS, manifests)
        disk = self.stage.disk(64 << 20)
        ((alone, beside),) = self.stage.boot(script, "bench-neighbours", files, disks=[disk])
        return alone, beside

    def log(self) -> Path:
        """A chain of many records, as a guest wrote it."""
        files = [
            self.stage.program("access"),
            self.stage.manifest("denials", "denials", [_FILE]),
            self.stage.manifest("decisions", "decisions", [_FILE]),
        ]
        script = [
            f"/access 1 {RECORDS} 1 1 /denials.cose /decisions.cose >/dev/null",
            "/bin/busybox sleep 2",
            "/bin/busybox cat /agent/audit/chain.log >/run/out/chain.log",
        ]
        self.stage.boot(script, "bench-log", files)
        return self.stage.left("bench-log", "chain.log")
