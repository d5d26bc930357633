# SPDX-License-Identifier: Apache-2.0
"""`coconut top`: its text, and its live view by Textual's own pilot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Static

from pycoconut.agentfs import AgentFs
from pycoconut.cli import main
from pycoconut.cli.top_rows import COLUMNS, View, rows, size_text
from pycoconut.cli.top_screen import Top
from pycoconut.errors import CoconutError
from pycoconut.figures import Snapshot, snapshot
from tests.unit.pycoconut.agentfs_tree import make, make_groups

SIZE = (200, 40)
NEVER = 3600.0


@pytest.fixture
def now(tmp_path: Path) -> Snapshot:
    return snapshot(AgentFs(make(tmp_path / "agent")), make_groups(tmp_path / "groups"))


def column(cells: list[list[str]], name: str) -> list[str]:
    at = [column.name for column in COLUMNS].index(name)
    return [row[at] for row in cells]


# ---- rows ----


def test_numbers_come_largest_first_and_texts_from_a(now: Snapshot) -> None:
    assert column(rows(now, None, View("MEMORY")), "AID")[0] == "a:00003"
    assert column(rows(now, None, View("NAME")), "NAME") == ["boot", "child", "parent"]
    assert column(rows(now, None, View("NAME", reverse=True)), "NAME")[0] == "parent"
    assert column(rows(now, None, View("AID")), "AID") == ["a:00000", "a:00003", "a:00017"]


@pytest.mark.parametrize("name", [column.name for column in COLUMNS])
def test_every_column_sorts(now: Snapshot, name: str) -> None:
    there = rows(now, None, View(name))
    assert sorted(there) == sorted(rows(now, None, View(name, reverse=True)))
    assert len(there) == 3


def test_a_filter_is_for_any_cell(now: Snapshot) -> None:
    assert column(rows(now, None, View("AID", wanted="ready")), "AID") == ["a:00017"]
    assert len(rows(now, None, View("AID", wanted="LAB"))) == 3
    assert rows(now, None, View("AID", wanted="nobody")) == []


def test_cells(now: Snapshot) -> None:
    parent = next(agent for agent in now.agents if agent.status.aid == 3)
    later = replace(now, at=now.at + 1, agents=(replace(parent, cpu=2.75),))
    (cells,) = rows(later, now, View())
    assert column([cells], "CPU") == ["25%"]
    assert column([cells], "MEMORY") == ["3.0M"]
    assert column([cells], "SSD") == ["5B/100B"]
    assert column([cells], "TOKENS") == ["5/100"]
    assert column([cells], "PRESSURE") == ["12%/0%/50%"]


def test_what_is_not_known_is_a_dash(now: Snapshot) -> None:
    boot = rows(now, None, View("AID"))[0]
    assert [column([boot], name) for name in ("CPU", "MEMORY", "PRESSURE")] == [["-"]] * 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1.0K"),
        (1 << 30, "1.0G"),
        (1 << 63, "8192.0P"),
    ],
)
def test_sizes(value: int | None, text: str) -> None:
    assert size_text(value) == text


# ---- the command ----


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCONUT_AGENTFS", str(make(tmp_path / "agent")))
    monkeypatch.setenv("COCONUT_GROUPS", str(make_groups(tmp_path / "groups")))


@pytest.mark.usefixtures("files")
def test_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["top", "--once", "--sort", "name", "--reverse", "--filter", "lab"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "TENANT"
    assert [line.split()[1] for line in lines if line.startswith("a:")] == [
        "parent",
        "child",
        "boot",
    ]


@pytest.mark.usefixtures("files")
def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "top", "--filter", "a:00017"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["aid"], row["state"]) == ("a:00017", "READY")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["top"], "--once prints it"),
        (["top", "--once", "--interval", "0"], "at least 0.1"),
    ],
)
def test_what_cannot_be(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("files")
def test_no_such_column(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["top", "--sort", "colour"])
    assert "aid, name, tenant" in capsys.readouterr().err


# ---- the live view ----


def shown(app: Top) -> list[list[str]]:
    table = app.query_one("#agents", DataTable)
    return [[str(cell) for cell in table.get_row_at(i)] for i in range(table.row_count)]


def summary(app: Top) -> str:
    return str(app.query_one("#summary", Static).renderable)


def drive(app: Top, act: Callable[[Pilot[None]], Awaitable[None]]) -> None:
    """Runs the view without a terminal, and acts on it."""

    async def session() -> None:
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            await act(pilot)

    asyncio.run(session())


def test_keys_sort(now: Snapshot) -> None:
    app = Top(lambda: now, View("AID"), NEVER)

    async def act(pilot: Pilot[None]) -> None:
        assert column(shown(app), "NAME") == ["boot", "parent", "child"]
        await pilot.press("greater_than_sign")
        assert app.view.sort == "NAME"
        assert column(shown(app), "NAME") == ["boot", "child", "parent"]
        await pilot.press("r")
        assert column(shown(app), "NAME") == ["parent", "child", "boot"]
        await pilot.press("less_than_sign", "less_than_sign")
        assert app.view.sort == COLUMNS[-1].name

    drive(app, act)


def test_typing_filters_and_escape_shows_all(now: Snapshot) -> None:
    app = Top(lambda: now, View("AID"), NEVER)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"ready")
        await pilot.pause()
        assert column(shown(app), "AID") == ["a:00017"]
        assert "agents 1 of 3" in summary(app)
        await pilot.press("enter")
        assert not app.query_one("#filter", Input).has_class("shown")
        assert column(shown(app), "AID") == ["a:00017"]
        await pilot.press("escape")
        await pilot.pause()
        assert len(shown(app)) == 3

    drive(app, act)


def looks(now: Snapshot) -> Iterator[Snapshot]:
    """A second later each time, half of it spent by one agent."""
    boot, parent, child = now.agents
    for i in count():
        spent = replace(parent, cpu=(parent.cpu or 0) + i / 2)
        yield replace(now, at=now.at + i, agents=(boot, spent, child))


def test_it_looks_again_but_not_when_paused(now: Snapshot) -> None:
    found = looks(now)
    app = Top(lambda: next(found), View("CPU"), NEVER)

    async def act(pilot: Pilot[None]) -> None:
        assert column(shown(app), "CPU") == ["-", "-", "-"]
        app.tick()
        assert column(shown(app), "CPU") == ["50%", "0%", "-"]
        await pilot.press("p")
        at = app.now
        app.tick()
        assert app.now is at
        assert "paused" in summary(app)
        await pilot.press("p")
        app.tick()
        assert app.now is not at

    drive(app, act)


def test_it_goes_on_when_a_look_fails(now: Snapshot) -> None:
    answers: list[Snapshot | Exception] = [
        now,
        CoconutError("/agent [bold]went"),
        OSError("gone"),
        now,
    ]

    def look() -> Snapshot:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    app = Top(look, View(), NEVER)

    async def act(_pilot: Pilot[None]) -> None:
        app.tick()
        assert "/agent [bold]went" in summary(app)
        assert len(shown(app)) == 3
        app.tick()
        assert "gone" in summary(app)
        app.tick()
        assert "agents 3 of 3" in summary(app)

    drive(app, act)


def test_a_name_is_no_markup_and_speaks_to_no_terminal(now: Snapshot) -> None:
    status = replace(now.agents[0].status, name="[red]x\x1b]0;title\x07")
    hostile = replace(now, agents=(replace(now.agents[0], status=status),))
    app = Top(lambda: hostile, View(), NEVER)

    async def act(_pilot: Pilot[None]) -> None:
        (name,) = column(shown(app), "NAME")
        assert name == r"[red]x\x1b]0;title\x07"

    drive(app, act)


def test_q_quits(now: Snapshot) -> None:
    app = Top(lambda: now, View(), NEVER)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("q")
        await pilot.pause()
        assert not app.is_running

    drive(app, act)
