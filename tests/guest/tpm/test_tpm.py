# SPDX-License-Identifier: Apache-2.0
"""A machine with a TPM 2: three boots of it, and what root and an old disk can do there."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pycoconut import audit
from pycoconut.abi import Event
from pycoconut.audit import Filter, Report, Verdict
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO, places
from pycoconut.tpm import Attested, PublicPoint, Quote, QuoteError

HERE = Path(__file__).parent
NONCE = bytes.fromhex("00112233445566778899aabbccddeeff")


@dataclass(frozen=True)
class Boot:
    """One boot: what it found, and the disk as it left it."""

    found: dict[str, Any]
    kept: Path

    @property
    def folders(self) -> list[Path]:
        """Of the boots on the disk, in order."""
        return [self.kept / "log" / name for name in self.names]

    @property
    def names(self) -> list[str]:
        return (self.kept / "log/boots").read_text().split()

    @property
    def anchor(self) -> bytes:
        """The root's public key, by the newest boot."""
        opening = audit.Opening.parse(self.records(Event.BOOT)[0].object)
        assert opening is not None
        return opening.anchor

    def records(self, event: Event) -> list[audit.Record]:
        """Of the newest boot."""
        return list(audit.records([self.folders[-1]], Filter(events=frozenset({event}))))

    def quote(self) -> tuple[Quote, PublicPoint]:
        return (
            Quote.loads((self.kept / "quote").read_text()),
            PublicPoint.from_pem((self.kept / "key.pem").read_text()),
        )


@dataclass(frozen=True)
class Machine:
    """@first: on a new TPM. @second: after it. @old: on the disk of the first again."""

    first: Boot
    second: Boot
    old: Boot


def boot(runner: Runner, tpm: Path, name: str, before: Boot | None, *steps: str) -> Boot:
    env = {"PYTHONPATH": str(REPO / "tools"), "PYTHONDONTWRITEBYTECODE": "1"}
    disk = str(before.kept / "log") if before else ""
    argv = [sys.executable, str(HERE / "inside.py"), disk, *steps]
    outcome = runner.run("tpm", Job(argv, REPO, env, timeout=240, tpm=tpm), f"tpm-{name}")
    outcome.check()
    # The next guest sees it there: it is below the checkout.
    kept = outcome.out.parent / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(outcome.out, kept)
    return Boot(json.loads((kept / "found").read_text()), kept)


@pytest.fixture(scope="module")
def machine(runner: Runner) -> Machine:
    tpm = places().build / "guest/tpm-state"
    shutil.rmtree(tpm, ignore_errors=True)
    first = boot(runner, tpm, "first", None, "unseal", "quote", "idle")
    second = boot(runner, tpm, "second", first, "quote")
    return Machine(first, second, boot(runner, tpm, "old", first, "quote", "meddle", "die"))


def judge(boots: list[Path], *keys: bytes, attested: Attested | None = None) -> Report:
    report = audit.verify(boots, keys=keys)
    if attested:
        audit.compare_quote(report, audit.measured(boots), attested, trusted=True)
    return report


def test_root_cannot_unseal_the_root_again(machine: Machine) -> None:
    assert machine.first.found["stats"]["anchored"] == "root"
    assert machine.first.found["there"] == 0, "there is nothing to unseal"
    assert 0 not in machine.first.found["unsealed"].values(), machine.first.found["unsealed"]


def test_the_root_is_the_same_at_each_boot(machine: Machine) -> None:
    assert machine.first.anchor == machine.second.anchor == machine.old.anchor
    report = judge(machine.second.folders, machine.first.anchor)
    assert [b.verdict for b in report.boots] == [Verdict.INTACT] * 2, report.to_json()


def test_the_counter_counts_openings_and_closings(machine: Machine) -> None:
    found = [b.found["stats"]["tpm_counter"] for b in (machine.first, machine.second, machine.old)]
    one, two, three = map(int, found)
    assert (two - one, three - two) == (2, 2)
    report = judge(machine.second.folders)
    assert [boot.counter for boot in report.boots] == [one, two]


def test_an_idle_machine_extends_nothing(machine: Machine) -> None:
    assert machine.first.found["idle"]


def test_the_tpm_vouches_for_the_log(machine: Machine) -> None:
    for one in (machine.first, machine.second):
        quote, key = one.quote()
        attested = quote.check(NONCE, key)
        newest = one.folders[-1:]
        assert judge(newest).verdict is Verdict.UNANCHORED
        report = judge(newest, attested=attested)
        assert report.verdict is Verdict.INTACT, report.to_json()
        assert report.quoted is not None
        assert report.quoted["seq"] > 1


def test_the_key_of_the_tpm_stays(machine: Machine) -> None:
    assert machine.first.quote()[1] == machine.second.quote()[1]


def test_a_quote_of_another_boot_is_not_of_this_one(machine: Machine) -> None:
    """The old disk with the TPM of now: the TPM has counted on."""
    quote, key = machine.second.quote()
    report = judge(machine.first.folders, attested=quote.check(NONCE, key))
    assert report.verdict is Verdict.TRUNCATED
    assert any("older state" in reason for reason in report.boots[-1].reasons), report.to_json()


def test_a_quote_answers_one_nonce(machine: Machine) -> None:
    quote, key = machine.first.quote()
    with pytest.raises(QuoteError, match="another nonce"):
        quote.check(NONCE + b"\0", key)


def test_an_old_disk_is_told_at_boot(machine: Machine) -> None:
    assert "older state" in machine.old.found["messages"]
    assert "older state" not in machine.second.found["messages"]


def test_an_old_disk_is_seen_by_who_verifies(machine: Machine) -> None:
    report = judge(machine.old.folders, machine.first.anchor)
    assert [b.verdict for b in report.boots] == [Verdict.INTACT, Verdict.INCOMPLETE]
    assert any("boots are missing" in reason for reason in report.boots[1].reasons)


def test_nothing_is_lost_with_the_tpm(machine: Machine) -> None:
    last = machine.old.found["last"]
    assert (last["anchored"], last["lost"]) == ("lost", "0")
    assert "no longer anchored" in machine.old.found["messages"]
    results = [record.result for record in machine.old.records(Event.EXTEND)]
    assert results[-1] < 0
    assert results.count(results[-1]) == 1, "it is told once"
    alone = judge(machine.old.folders[-1:], machine.first.anchor)
    assert alone.verdict is Verdict.INTACT, alone.to_json()


def test_a_quote_from_before_does_not_anchor_what_came_after(machine: Machine) -> None:
    quote, key = machine.old.quote()
    report = judge(machine.old.folders[-1:], attested=quote.check(NONCE, key))
    assert report.verdict is Verdict.UNANCHORED, report.to_json()
    assert any("was lost" in reason for reason in report.boots[0].reasons)


def test_who_else_extends_is_seen(machine: Machine) -> None:
    """-ESTALE: the PCR was not as the kernel had left it."""
    assert -116 in [record.result for record in machine.old.records(Event.EXTEND)]
