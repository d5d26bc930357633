# SPDX-License-Identifier: Apache-2.0
"""No system call of the base is left out of the table, and the table says what is so."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from syscalls.gen.mediation import SOURCE, Group, parse
from syscalls.gen.parse import SpecError

TABLE = "arch/x86/entry/syscalls/syscall_64.tbl"
HOOK = re.compile(r"LSM_HOOK_INIT\((\w+),")


@pytest.fixture(scope="module")
def groups(repo: Path) -> tuple[Group, ...]:
    return parse(repo / SOURCE)


@pytest.fixture(scope="module")
def table(tree: Path) -> dict[str, str]:
    """The function behind each call of the base, or ""."""
    rows = [line.split() for line in (tree / TABLE).read_text().splitlines()]
    return {row[2]: (row[3:] or [""])[0] for row in rows if row and row[0].isdigit()}


def registered(repo: Path) -> Counter[str]:
    files = sorted((repo / "security/coconut").glob("*.c"))
    return Counter(hook for path in files for hook in HOOK.findall(path.read_text()))


def test_every_call_of_the_base_is_in_the_table(
    groups: tuple[Group, ...], table: dict[str, str]
) -> None:
    assert len(table) > 370
    assert {call for group in groups for call in group.calls} == set(table)


def test_absent_is_what_the_base_does_not_have(
    groups: tuple[Group, ...], table: dict[str, str]
) -> None:
    absent = {call for group in groups if group.kind == "absent" for call in group.calls}
    assert absent == {
        call for call, function in table.items() if function in ("", "sys_ni_syscall")
    }


def test_hooks_that_are_named_are_registered(repo: Path, groups: tuple[Group, ...]) -> None:
    wanted = {hook for group in groups for hook in group.hooks}
    assert wanted - set(registered(repo)) == set()


def test_no_hook_is_registered_twice(repo: Path) -> None:
    """The kernel has as many places for a hook as it has security modules, and panics after."""
    assert [hook for hook, times in registered(repo).items() if times > 1] == []


def test_escapes_that_are_named_are_there(repo: Path, groups: tuple[Group, ...]) -> None:
    named = {name for group in groups for name in group.escapes}
    there = {path.stem for path in (repo / "tests/escapes").glob("*.py")}
    assert named - there == set()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("- calls: [read]\n  mediated: [a]\n  denied: [a]\n  about: x", 2, "one of"),
        ("- calls: [read]\n  about: x", 2, "one of"),
        ("- calls: [read]\n  mediated: because\n  about: x", 2, "a list of hooks"),
        ("- calls: [read]\n  harmless: [a]", 2, "a reason"),
        ("- calls: [read]\n  mediated: [a]", 2, "about is missing"),
        ("- calls: [read]\n  harmless: x\n  about: x", 2, "about is for"),
        ("- calls: []\n  harmless: x", 2, "no calls"),
        ("- calls: [read]\n  harmless: x\n  wrong: x", 2, "unknown key: wrong"),
        ("- calls: [read]\n  harmless: x\n- calls: [read]\n  harmless: y", 4, "twice"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    text: str, line: int, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "mediation.yaml"
    path.write_text(f"groups:\n{text}\n")
    with pytest.raises(SpecError) as caught:
        parse(path)
    assert any(c.line == line and said in c.message for c in caught.value.complaints), caught.value
