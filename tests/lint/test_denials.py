# SPDX-License-Identifier: Apache-2.0
"""Each place that refuses is taken by a test that has a name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.lint.denials import Name, places

KINDS = {
    "escapes": ("tests/escapes", None),
    "self": ("tools/testing/selftests/coconut", r"^TEST(?:_F)?\((?:\w+, )?{name}\)"),
    "kunit": ("security/coconut", r"\bKUNIT_CASE\({name}\)"),
    "guest": ("tests/guest", r"^def test_{name}\("),
    "uml": ("tests/uml", r"^def test_{name}\("),
}
"""Where tests of a kind are, and how one of them looks; an escape is a file."""


@pytest.fixture(scope="module")
def listed(repo: Path) -> dict[Name, tuple[int, list[str]]]:
    """Places and tests of each function that denials.yaml has."""
    raw = yaml.safe_load((repo / "tests/lint/denials.yaml").read_text())
    return {
        (file, function): (entry["places"], entry["taken_by"])
        for file, functions in raw.items()
        for function, entry in functions.items()
    }


def test_each_place_is_listed(repo: Path, listed: dict[Name, tuple[int, list[str]]]) -> None:
    found = places(repo / "security/coconut")
    assert len(found) > 100
    assert {name: count for name, (count, _) in listed.items()} == found


def _missing(repo: Path, test: str) -> bool:
    kind, _, name = test.partition("/")
    folder, form = KINDS[kind]
    if form is None:
        return not (repo / folder / f"{name}.py").exists()
    file, _, name = name.partition(":")
    path = repo / folder / file
    if kind == "guest":
        path = path / f"test_{file}.py"
    return not path.exists() or not re.search(form.format(name=name), path.read_text(), re.M)


def test_tests_that_are_named_are_there(
    repo: Path, listed: dict[Name, tuple[int, list[str]]]
) -> None:
    assert not [name for name, (_, tests) in listed.items() if not tests]
    named = sorted({test for _, tests in listed.values() for test in tests})
    assert [test for test in named if _missing(repo, test)] == []


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("return 0;", 0),
        ("return -EACCES;", 1),
        ("return bad ? -EPERM : 0;", 1),
        ("return coconut_refuse(agent, 1, what, false);", 1),
        ("return own(agent) ?: coconut_decide(agent, &req, NULL);", 2),
        ("/* return -EPERM; */\n\treturn 0;", 0),
    ],
)
def test_a_place_is_found(body: str, count: int, tmp_path: Path) -> None:
    """A new one is seen, whichever way it refuses."""
    (tmp_path / "x.c").write_text(
        "static int own(struct agent *agent)\n{\n\treturn agent_decide(agent, NULL, NULL);\n}\n\n"
        f"static int coconut_new(struct agent *agent,\n\t\t\tint what)\n{{\n\t{body}\n}}\n"
    )
    assert places(tmp_path).get(("x.c", "coconut_new"), 0) == count
