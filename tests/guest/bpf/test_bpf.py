# SPDX-License-Identifier: Apache-2.0
"""The BPF-LSM prototypes decide as the module does, and hold a program on a stock kernel."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import pytest

from pycoconut.guest.job import Job, Outcome
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO, load_base, places
from pycoconut.kbuild.console import Console
from pycoconut.kbuild.stock import Stock
from tests.guest.bpf.corpus import EXCEPTIONS, manifests, pool
from tests.guest.bpf.inside import GUARD_KILLED

DOCUMENT = REPO / "Documentation/security/coconut/bpf-prototypes.rst"
PAIRS = 2000
EVERYONE = {"PYTHONPATH": f"{REPO / 'tools'}:{REPO}", "PYTHONDONTWRITEBYTECODE": "1"}

MANIFEST = """
name: held
capabilities:
  - "fs:/usr/*:read_file,read_dir"
  - "fs:/etc/*:read_file,read_dir;except=/etc/shadow"
  - "fs:/tmp/open/*:read_file,write_file,make_reg"
  - "fs:/dev/null:read_file,write_file"
  - "exec:/usr/*:run;except=/usr/bin/busybox"
  - "svc:tool:web_fetch:use"
"""
INSIDE = """
cat /tmp/open/file
echo made >/tmp/open/made && echo "made: $?"
sh -c '(sh -c "cat /tmp/closed || echo grandchild: refused") & wait'
cat /etc/shadow || echo "carved: refused"
/bin/busybox true || echo "exec: refused $?"
kill -9 $PPID || echo "kill: refused"
mkdir /tmp/open/folder || echo "mkdir: refused"
nohup sleep 1000 &
echo $! >/tmp/open/left
exit 7
"""
SCRIPT = f"""
mkdir /tmp/open && echo fine >/tmp/open/file && echo secret >/tmp/closed
cat >/tmp/held.yaml <<'END'
{MANIFEST}
END
cat >/tmp/inside <<'END'
{INSIDE}
END
chmod 644 /tmp/inside && cp /tmp/inside /tmp/open/inside
cat >/tmp/code.yaml <<'END'
name: code
code: ["blake3={"0" * 64}"]
END
coconut() {{ {sys.executable} -m pycoconut.cli "$@"; }}
coconut bpf enforce /tmp/code.yaml -- /bin/true 2>/run/out/code; echo $? >/run/out/code.status
{{
	coconut bpf enforce --log /run/out/denials /tmp/held.yaml -- sh /tmp/open/inside 2>&1
	echo "status: $?"
}} | cat >/run/out/said
kill -0 "$(cat /tmp/open/left)" 2>/dev/null && echo "left behind" >>/run/out/said
uname -r >/run/out/release
"""


@pytest.fixture(scope="module")
def compared() -> tuple[Outcome, dict[str, Any]]:
    """One boot of our kernel, with the programs compiled once."""
    where = places()
    runner = Runner(Console(where.logs, where.times), where)
    argv = [sys.executable, "-m", "tests.guest.bpf.inside"]
    outcome = runner.run("direct-host", Job(argv, REPO, EVERYONE, timeout=900), "bpf")
    outcome.check()
    return outcome, json.loads((outcome.out / "results.json").read_text())


def pairs(results: dict[str, Any]) -> list[tuple[str, int, int, list[str]]]:
    """Operation, the module's answer, the prototype's, and the capabilities."""
    return [
        (operation, ours, theirs, row["capabilities"])
        for row in results["rows"]
        for operation, ours, theirs in zip(row["operations"], row["lsm"], row["bpf"], strict=True)
    ]


@pytest.mark.timeout(1000)
def test_the_corpus_covers_every_operation() -> None:
    asked = {operation for _, operations in manifests() for operation in operations}
    assert asked == set(pool())


@pytest.mark.timeout(1000)
def test_the_prototype_decides_as_the_module(compared: tuple[Outcome, dict[str, Any]]) -> None:
    found = pairs(compared[1])
    assert len(found) >= PAIRS
    other = [pair for pair in found if pair[1] != pair[2] and pair[0].split()[0] not in EXCEPTIONS]
    assert not other, "\n".join(map(str, other[:20]))
    # Both answers have to come up often, or the corpus asks nothing.
    refused = Counter(bool(pair[1]) for pair in found)
    assert min(refused.values()) > len(found) // 6, refused
    differing = {pair[0].split()[0] for pair in found if pair[1] != pair[2]}
    assert differing == set(EXCEPTIONS), "an exception that is none any more, or one too few"


@pytest.mark.timeout(1000)
def test_each_refusal_is_told(compared: tuple[Outcome, dict[str, Any]]) -> None:
    results = compared[1]
    assert results["untold"] == 0
    for row in results["rows"]:
        assert row["told"] >= sum(map(bool, row["bpf"])), row["capabilities"]


@pytest.mark.timeout(1000)
@pytest.mark.parametrize(
    ("which", "code"), [("enforcer", -9), ("guard", GUARD_KILLED), ("asked", 143)]
)
def test_whoever_is_killed_nobody_is_left(
    compared: tuple[Outcome, dict[str, Any]], which: str, code: int
) -> None:
    found = compared[1][which]
    assert found["tree"] >= 4
    assert found["left"] == 0
    assert found["code"] == code


def test_each_exception_is_documented() -> None:
    text = DOCUMENT.read_text()
    for verb, reason in EXCEPTIONS.items():
        assert f"``{verb}``" in text
        assert reason in " ".join(text.split())


@pytest.mark.timeout(1000)
def test_a_stock_kernel_holds_a_program(runner: Runner) -> None:
    where = places()
    Stock(Console(where.logs, where.times), load_base(), where).fetch()
    argv = ["/bin/sh", "-c", SCRIPT]
    outcome = runner.run("stock", Job(argv, REPO, EVERYONE, timeout=900), "bpf-stock")
    outcome.check()
    said = (outcome.out / "said").read_text()
    for line in (
        "fine", "made: 0", "grandchild: refused", "carved: refused", "exec: refused 126",
        "kill: refused", "mkdir: refused", "status: 7", "not held: svc:tool:web_fetch:use",
    ):  # fmt: skip
        assert line in said, said
    assert "secret" not in said
    assert "left behind" not in said

    denials = [json.loads(line) for line in (outcome.out / "denials").read_text().splitlines()]
    told = {(denial["class"], denial["object"], denial["result"]) for denial in denials}
    assert told >= {
        ("fs", "/tmp/closed", -13),
        ("fs", "/etc/shadow", -13),
        ("fs", "/tmp/open/folder", -13),
        ("agent", "a:00000/signal", -1),
    }
    assert any(what[:2] == ("exec", "/usr/bin/busybox") for what in told)
    assert (outcome.out / "code.status").read_text().strip() == "1"
    assert "BLAKE3" in (outcome.out / "code").read_text()
    assert "coconut" not in (outcome.out / "release").read_text()
