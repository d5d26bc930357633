# SPDX-License-Identifier: Apache-2.0
"""All tests, layer by layer: from the text of the sources to the booted image.

A layer that runs nothing has failed: silence proves nothing. The last line alone
sums all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pycoconut.guest.job import Job, Outcome
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import Base, Places
from pycoconut.kbuild.console import Console, Failure
from pycoconut.kbuild.counts import Counts, junit, ktap
from pycoconut.kbuild.kernel import Kernel, variant
from pycoconut.kbuild.selftests import build_selftests

__all__ = ["LAYERS", "Layer", "TestRun"]

Part = TypeVar("Part")

_UML_TIMEOUT = 1200.0
"""Seconds for one file of tests under User-Mode Linux, on a machine that is slow or shared."""

_HOSTILE_TIMEOUT = 2400.0
"""Seconds for hostile input in bulk: KASAN costs a factor of four."""

_COUNTS = {
    "COCONUT_DENIALS": "1000000",
    "COCONUT_CYCLES": "48000",
    "COCONUT_MUTANTS": "50000",
}
"""How often the guest scenarios do the thing they count. So many mutants of a manifest are signed
and as many forged: a hundred thousand."""

_LONGEST = ("hostile", "cycles", "denials", "bpf")
"""Guest scenarios that begin first, so that none of them is left alone at the end."""


@dataclass
class TestRun:
    """One run of the layers."""

    console: Console
    base: Base
    where: Places
    uml: str = "uml"
    debug: str = "uml-debug"
    """The kernels of the layers under User-Mode Linux, and the guests of their names."""
    quick: bool = False
    """Leave out what is marked slow, and the layers that are not quick."""
    results: dict[str, Counts] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        """Where results are left."""
        return self.where.build / "test"

    def build(self, name: str) -> Kernel:
        """A kernel of that variant, up to date."""
        kernel = Kernel(self.console, self.base, self.where, variant(name))
        kernel.build()
        return kernel

    def pytest(self, folder: str, *words: str, told_at_end: bool = False) -> Counts:
        """Run a folder of tests on this machine; @told_at_end where others run beside it."""
        xml = self.out / f"{folder.replace('/', '-')}.xml"
        argv = [sys.executable, "-m", "pytest", folder, "-q", f"--junitxml={xml}", *words]
        argv += ["-m", "not slow"] if self.quick else []
        self.console.show(argv)
        if self.console.dry_run:
            return Counts(passed=1)
        xml.unlink(missing_ok=True)
        env = {**os.environ, "PYTHONPATH": str(self.where.repo / "tools")}
        if not told_at_end:
            subprocess.run(argv, cwd=self.where.repo, env=env)
            return junit(xml)
        log = xml.with_suffix(".log")
        with log.open("wb") as out:
            subprocess.run(argv, cwd=self.where.repo, env=env, stdout=out, stderr=out)
        counts = junit(xml)
        if counts.failed or not counts.total:
            self.console.say(log.read_text(errors="backslashreplace"))
        self.console.say(f"  {folder}: {counts}")
        return counts

    def guest(self, name: str, job: Job, label: str) -> Outcome:
        """Boot a guest for a job."""
        return Runner(self.console, self.where).run(name, job, label)

    def guest_pytest(self, name: str, file: Path, *words: str, timeout: float) -> Counts:
        """Run one file of tests inside a guest, as root."""
        argv = [
            *(sys.executable, "-m", "pytest", str(file.relative_to(self.where.repo)), "-q"),
            *("--junitxml=/run/out/junit.xml", *words),
        ]
        env = {
            "PYTHONPATH": str(self.where.repo / "tools"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/tmp",
        }
        label = f"{name}-{file.stem}"
        done = self.guest(name, Job(argv, self.where.repo, env, timeout=timeout), label)
        if self.console.dry_run:
            return Counts(passed=1)
        if done.status == 5:  # pytest's "no test was selected": other files may have some
            return Counts()
        counts = junit(done.out / "junit.xml") if (done.out / "junit.xml").exists() else Counts()
        try:
            done.check()
        except Failure as failure:
            self.console.say(f"  {failure}")
            if not counts.failed:
                counts += Counts(failed=1, failures=(f"{file.name} in {name}: {failure}",))
        self.console.say(f"  {file.name} in {name}: {counts} ({done.seconds:.0f} s)")
        return counts

    def run(self, quick: bool, only: str = "") -> Counts:
        """Run the layers one after the other and print what came of each."""
        self.quick = quick
        self.out.mkdir(parents=True, exist_ok=True)
        chosen = [la for la in LAYERS if la.name == only or (not only and (la.quick or not quick))]
        for layer in chosen:
            self.console.say(f"== {layer.name}: {layer.about}")
            started = time.monotonic()
            try:
                counts = layer.run(self)
            except Failure as failure:
                self.console.say(f"  {failure}")
                counts = Counts(failed=1, failures=(str(failure),))
            if not counts.total:
                self.console.say(f"  {layer.name} ran nothing, which is a failure")
                counts = Counts(failed=1, failures=("nothing ran",))
            self.results[layer.name] = counts
            self.seconds[layer.name] = time.monotonic() - started
        return self._sum_up()

    def _sum_up(self) -> Counts:
        """Say what came of each layer, what failed, and last the sum."""
        self.console.say("")
        for name, counts in self.results.items():
            self.console.say(f"  {name:10} {self.seconds[name]:6.0f} s  {counts}")
        total = sum(self.results.values(), Counts())
        self.console.say(f"  {'all':10} {sum(self.seconds.values()):6.0f} s")
        for name, counts in self.results.items():
            for failure in counts.failures:
                self.console.say(f"  failed in {name}: {' '.join(failure.split())}")
        self.console.say(str(total))
        return total


def _kunit(run: TestRun) -> Counts:
    """Boot once with the suites switched on; their results are files, not log lines."""
    run.build(run.uml)
    done = run.guest(run.uml, Job(["true"], boot=["kunit.enable=1"]), "kunit")
    if run.console.dry_run:
        return Counts(passed=1)
    counts = Counts()
    for path in sorted((done.out / "kunit").glob("*")):
        text = path.read_text(errors="replace")
        found = ktap(text, indent=4)
        if found.failed or not found.total:
            run.console.say(text)
            found += Counts(failed=0 if found.total else 1)
        run.console.say(f"  {path.name}: {found}")
        counts += found
    done.check()
    return counts


def _at_once(one: Callable[[Part], Counts], parts: Iterable[Part]) -> Counts:
    """As many at once as there are CPUs."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(one, parts), Counts())


def _files(run: TestRun, guest: str, files: list[Path], *words: str, timeout: float) -> Counts:
    """Each file in a guest of its own."""

    def one(file: Path) -> Counts:
        return run.guest_pytest(guest, file, *words, timeout=timeout)

    return _at_once(one, files)


def _uml(run: TestRun) -> Counts:
    run.build(run.uml)
    files = sorted((run.where.repo / "tests" / "uml").glob("test_*.py"))
    chosen = "not hostile and not slow" if run.quick else "not hostile"
    return _files(run, run.uml, files, "-m", chosen, timeout=_UML_TIMEOUT)


def _hostile(run: TestRun) -> Counts:
    run.build(run.debug)
    files = sorted((run.where.repo / "tests" / "uml").glob("test_*.py"))
    files = [file for file in files if "mark.hostile" in file.read_text()]
    words = ("-m", "hostile", "--timeout=900")
    counts = _files(run, run.debug, files, *words, timeout=_HOSTILE_TIMEOUT)
    return counts + run.pytest("tests/fuzz", "--timeout=900")


def _selftests(run: TestRun) -> Counts:
    """Each C program in a guest of its own; its KTAP counts."""
    kernel = run.build(run.uml)
    counts = Counts()
    for program in build_selftests(kernel):
        done = run.guest(
            run.uml, Job([str(program)], cwd=program.parent), f"kselftest-{program.name}"
        )
        if run.console.dry_run:
            return Counts(passed=1)
        found = ktap(done.output)
        if found.failed or done.complaints() or done.status is None:
            run.console.say(done.output)
            run.console.say("; ".join(done.complaints()))
        if not found.failed and (done.status or done.complaints() or done.status is None):
            found += Counts(failed=1)
        run.console.say(f"  {program.name}: {found}")
        counts += found
    return counts


def _guests(run: TestRun) -> Counts:
    """Many CPUs, hostile input, the results that the base gives; at the full counts."""
    counts = Counts()
    for name in ("vm", "uml", "uml-debug"):
        try:
            run.build(name)
        except Failure as failure:  # what needs this kernel fails, and nothing else
            run.console.say(f"  {failure}")
            counts += Counts(failed=1, failures=(f"no kernel {name}: {failure}",))
    for name, count in _COUNTS.items():
        os.environ.setdefault(name, count)
    top = run.where.repo / "tests" / "guest"
    rest = sorted({path.parent.name for path in top.glob("*/test_*.py")} - set(_LONGEST))

    def one(name: str) -> Counts:
        try:
            return run.pytest(f"tests/guest/{name}", "--timeout=900", told_at_end=True)
        except Failure as failure:  # one scenario's; the others' results stand
            return Counts(failed=1, failures=(f"{name}: {failure}",))

    return counts + _at_once(one, [*_LONGEST, *rest])


def _iso(run: TestRun) -> Counts:
    for name in ("vm", "uml"):
        run.build(name)
    argv = [sys.executable, "-m", "pycoconut.imgbuild", "iso"]
    run.console.step("iso", argv, cwd=run.where.repo, hint=f"its log: {run.where.logs}/iso.log")
    return run.pytest("tests/iso", "--timeout=900")


@dataclass(frozen=True)
class Layer:
    """One kind of test. @quick ones are `make check`."""

    name: str
    about: str
    run: Callable[[TestRun], Counts]
    quick: bool = False


LAYERS = (
    Layer("lint", "the text of everything", lambda run: run.pytest("tests/lint"), quick=True),
    Layer("unit", "Python, on this machine", lambda run: run.pytest("tests/unit"), quick=True),
    Layer("abi", "the generator and the layouts", lambda run: run.pytest("tests/abi"), quick=True),
    Layer("kunit", "the kernel's own suites, under User-Mode Linux", _kunit, quick=True),
    Layer("uml", "the system calls and the chain, under User-Mode Linux", _uml, quick=True),
    Layer("kselftest", "the ABI from C, under User-Mode Linux", _selftests),
    Layer("hostile", "hostile input under KASAN, lockdep and kmemleak", _hostile),
    Layer("guest", "many CPUs, in QEMU", _guests),
    Layer("iso", "the image, from firmware on", _iso),
)
