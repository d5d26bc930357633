# SPDX-License-Identifier: Apache-2.0
"""The generator: each bad specification is refused on the right line, and stale output is seen."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from syscalls.gen import mediation
from syscalls.gen.__main__ import main
from syscalls.gen.check import RULES, check
from syscalls.gen.parse import SpecError, parse
from syscalls.gen.patches import compare
from syscalls.gen.render import OUTPUTS

ROOT = Path(__file__).resolve().parents[2]
ALL = (*OUTPUTS, mediation.OUTPUT)
BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))


def expected(path: Path) -> list[tuple[int, str]]:
    """(line, text) of each `error: text` in the comments of a specification."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        comment = line.partition("  # ")[2]
        found += [(number, text.strip()) for text in re.findall(r"error: ([^;]+)", comment)]
    return found


@pytest.mark.parametrize("path", BAD, ids=lambda p: p.stem)
def test_bad_specification_is_refused_on_its_line(path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        check(parse(path))
    complaints = caught.value.complaints
    want = expected(path)
    assert want
    assert Counter(c.line for c in complaints) == Counter(line for line, _ in want), caught.value
    for line, text in want:
        assert any(c.line == line and text in c.message for c in complaints), caught.value
    assert str(caught.value).startswith(f"{path}:{complaints[0].line}: ")


def test_every_rule_is_broken_by_some_bad_specification() -> None:
    broken = set()
    for path in BAD:
        try:
            spec = parse(path)
        except SpecError:
            continue
        broken |= {rule.__name__ for rule in RULES if list(rule(spec))}
    assert broken == {rule.__name__ for rule in RULES}


def test_committed_output_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr()


def copy(to: Path) -> None:
    for name in ("syscalls/agent.yaml", str(mediation.SOURCE), *ALL):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, to / name)
    shutil.copytree(ROOT / "patches", to / "patches")


@pytest.mark.parametrize("name", ALL)
def test_stale_output_is_seen_and_written_anew(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy(tmp_path)
    root = ["--root", str(tmp_path)]
    assert main([*root, "--check"]) == 0
    (tmp_path / name).write_text("by hand\n")
    assert main([*root, "--check"]) == 1
    assert f"{name}: stale" in capsys.readouterr().out
    assert main(root) == 0
    assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes()


def test_each_output_names_its_source_in_its_first_lines() -> None:
    for name in OUTPUTS:
        head = (ROOT / name).read_text(encoding="utf-8").splitlines()[:2]
        assert any("Generated from syscalls/agent.yaml" in line for line in head), name


def test_no_line_of_the_header_is_too_long() -> None:
    """As checkpatch counts: 100 columns, a tab to the next eighth."""
    for line in (ROOT / "include/uapi/linux/agent.h").read_text().splitlines():
        assert len(line.expandtabs(8)) <= 100, line


def test_wrong_specification_names_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy(tmp_path)
    spec = tmp_path / "syscalls/agent.yaml"
    spec.write_text(spec.read_text().replace("nr: 472", "nr: 470"))
    assert main(["--root", str(tmp_path)]) == 1
    assert re.search(r"^syscalls/agent.yaml:\d+: agent_spawn: 470", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("+472\tcommon\tagent_spawn\t\tsys_agent_spawn", " ", "no patch adds to arch/x86"),
        ("+COND_SYSCALL(agent_spawn);", "+COND_SYSCALL(agent_spam);", "does not say"),
        (
            "+COND_SYSCALL(agent_spawn);\n+COND_SYSCALL(agent_attest);",
            "+COND_SYSCALL(agent_attest);\n+COND_SYSCALL(agent_spawn);",
            "another order",
        ),
    ],
)
def test_patch_that_disagrees_is_seen(old: str, new: str, text: str, tmp_path: Path) -> None:
    copy(tmp_path)
    spec = parse(ROOT / "syscalls/agent.yaml")
    assert list(compare(spec, tmp_path / "patches")) == []
    for patch in (tmp_path / "patches").glob("*.patch"):
        patch.write_text(patch.read_text().replace(old, new))
    assert any(text in line for line in compare(spec, tmp_path / "patches"))
