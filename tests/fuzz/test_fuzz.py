# SPDX-License-Identifier: Apache-2.0
"""The system calls fuzzed, from inside agents and from outside, in a kernel that watches itself.

COCONUT_FUZZ_SECONDS says how long, COCONUT_FUZZ_SEED from where, COCONUT_FUZZ_ROUND which
round alone, COCONUT_FUZZ_GUEST in which guest of qemu/.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from pycoconut import audit
from pycoconut.guest.definition import load
from pycoconut.guest.job import Job, Outcome
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO
from pycoconut.keys import SecretKey
from tests.fuzz.corpus import corpus

SECONDS = int(os.environ.get("COCONUT_FUZZ_SECONDS", "40"))
SEED = int(os.environ.get("COCONUT_FUZZ_SEED", "1"))
ROUND = os.environ.get("COCONUT_FUZZ_ROUND", "")
GUEST = os.environ.get("COCONUT_FUZZ_GUEST", "uml-debug")
ROOM = 600
"""Seconds that boot, the last round, a scan for leaks and the log's end may take besides."""

HERE = Path(__file__).parent
KEY = SecretKey(bytes(range(1, 33)), "fuzz")
CALLS = (
    "agent_spawn", "agent_attest", "agent_quota", "agent_cap_grant", "agent_cap_revoke",
    "agent_cap_present", "agent_audit_query", "agent_memory_tier",
)  # fmt: skip

REPORT = re.compile(r"BUG:|WARNING:|INFO: task|rcu: INFO|possible recursive locking|Oops|UBSAN")
"""How the kernel begins what it has to say about itself."""
RACE = re.compile(r"BUG: KCSAN: data-race in (\S+)(?: / (\S+))?")
ROOMS = ("security/coconut", "kernel/agent", "kernel/audit/coconut", "fs/agentfs")


@pytest.fixture(scope="module")
def folder(runner: Runner) -> Path:
    """The fuzzer, its corpus and the persister: a guest on the host's root sees them there."""
    folder = runner.where.build / "fuzz"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    common = HERE.parent / "guest" / "common"
    flags = ["-Wall", "-Wextra", "-Werror", "-O2", "-static", "-pthread", "-I", str(common)]
    flags += ["-idirafter", str(REPO / "include/uapi")]
    for name, sources in (
        ("fuzz", sorted(HERE.glob("*.c"))),
        ("persist", [common / "persist.c"]),
    ):
        subprocess.run(["gcc", *flags, *map(str, sources), "-o", str(folder / name)], check=True)
    (folder / "corpus").write_bytes(corpus(KEY, SEED))
    words = f"--seed {SEED} --seconds {SECONDS}" + (f" --round {ROUND}" if ROUND else "")
    (folder / "script").write_text(
        f"""b=/bin/busybox
echo {shlex.quote(f"add {KEY.public.raw.hex()} fuzz")} >/agent/policy/authorizers || exit 1
echo approval_seconds 1 >/agent/policy/limits || exit 1
{folder}/persist /agent/audit/chain.log /run/out/chain.log & persist=$!
{folder}/fuzz {folder}/corpus {words}
status=$?
$b cat /agent/audit/stats >/run/out/stats
$b touch /run/out/chain.log.stop
wait $persist || status=$?
$b dmesg >/run/out/dmesg
exit $status
"""
    )
    return folder


@pytest.fixture(scope="module")
def outcome(runner: Runner, folder: Path) -> Outcome:
    files = {str(folder / name): folder / name for name in ("fuzz", "persist", "corpus", "script")}
    argv = ["/bin/busybox", "sh", str(folder / "script")]
    boot = ["coconut.audit_log_mb=64", "log_buf_len=4M"]
    job = Job(argv, files=files, timeout=SECONDS + ROOM, boot=boot)
    return runner.run(GUEST, job, "fuzz")


def tallies(output: str) -> dict[str, dict[str, int]]:
    """Of each call how often it succeeded, and how often it failed of what."""
    found = {}
    for line in output.splitlines():
        name, *words = line.split()
        if words and all("=" in word for word in words):
            found[name] = {key: int(value) for key, value in (w.split("=") for w in words)}
    return found


@pytest.mark.hostile
@pytest.mark.timeout(SECONDS + ROOM + 60)
def test_nothing_is_found(outcome: Outcome) -> None:
    """The fuzzer's own judgement, taint, lockdep, kmemleak."""
    outcome.check()


def functions(objects: Path) -> set[str]:
    """Names of the functions in our rooms, as they were compiled."""
    archives = [str(objects / room / "built-in.a") for room in ROOMS]
    listed = subprocess.run(["nm", *archives], check=True, text=True, capture_output=True).stdout
    return {line.split()[-1] for line in listed.splitlines() if line[17:18] in ("t", "T")}


def ours(line: str, names: set[str]) -> bool:
    """Is it a report, and no race that is between parts of Linux only?"""
    race = RACE.search(line)
    return bool(REPORT.search(line)) and (not race or not names.isdisjoint(race.groups()))


@pytest.mark.hostile
def test_the_kernel_reports_nothing(runner: Runner, outcome: Outcome) -> None:
    text = (outcome.out / "dmesg").read_text(errors="replace")
    names = set()
    if RACE.search(text):
        kernel = load(REPO / "qemu" / f"{GUEST}.toml").kernel
        names = functions(runner.where.build / "linux" / f"out-{kernel}")
    assert not [line for line in text.splitlines() if ours(line, names)]


@pytest.mark.hostile
def test_no_worker_reaches_the_output(outcome: Outcome) -> None:
    """An agent that moves where the fuzzer writes to would hide what it found."""
    rounds = [int(line.split()[1]) for line in outcome.output.splitlines() if "round " in line]
    assert rounds == ([int(ROUND)] if ROUND else list(range(len(rounds))))
    assert "\0" not in outcome.output


@pytest.mark.hostile
def test_each_call_gets_through_and_is_refused(outcome: Outcome) -> None:
    """A fuzzer that is turned away at the door finds nothing."""
    found = tallies(outcome.output)
    for call in CALLS:
        assert found[call]["ok"] > 0, call
        assert len(found[call]) > 4, call
    assert found["fuzz"]["rounds"] > 1
    assert found["fuzz"]["exact"] > 0


@pytest.mark.hostile
@pytest.mark.timeout(SECONDS + ROOM)
def test_the_chain_is_whole(outcome: Outcome) -> None:
    stats = dict(line.split() for line in (outcome.out / "stats").read_text().splitlines())
    assert stats["lost"] == "0"
    assert stats["recorded"] == str(int(stats["sealed"]) + int(stats["in_flight"]))
    report = audit.verify([outcome.out / "chain.log"])
    assert report.verdict in (audit.Verdict.INTACT, audit.Verdict.UNANCHORED), report
