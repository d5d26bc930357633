# SPDX-License-Identifier: Apache-2.0
"""Requests for approval, as the kernel writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pycoconut.agentfs import AgentFsError
from pycoconut.approvals import Approvals, parse_approval
from pycoconut.cli import main

LINE = r"17 a:00023 1204 a\u00201 waits 287 fs read_file,write_file /data/\u001b[2J \"x\"\\\u00ff"


def test_a_line() -> None:
    one = parse_approval(LINE)
    assert (one.id, one.aid, one.pid, one.comm) == (17, 23, 1204, b"a 1")
    assert (one.waits, one.seconds, one.kind) == (True, 287, "fs")
    assert one.rights == ("read_file", "write_file")
    assert one.object == b'/data/\x1b[2J "x"\\\xff'


@pytest.mark.parametrize(
    "line",
    [
        "",
        "17",
        LINE.replace("waits", "sleeps"),
        LINE.replace("17", "x"),
        LINE.replace("a:00023", "23x"),
        LINE.replace("287", "soon"),
        LINE + "é€",
    ],
)
def test_another_form_is_an_error(line: str) -> None:
    with pytest.raises(AgentFsError):
        parse_approval(line)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the form of /agent with two requests."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/approvals").write_text(f"{LINE}\n{LINE.replace('17', '18', 1)}\n")
    monkeypatch.setenv("COCONUT_AGENTFS", str(tmp_path))
    return tmp_path


def test_the_queue_is_read(root: Path) -> None:
    with Approvals(root) as queue:
        assert [one.id for one in queue.read()] == [17, 18]
        assert [one.id for one in queue.read()] == [17, 18]


def test_a_request_cannot_speak_to_the_terminal(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["approvals"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 3
    assert main(["approvals", "--json"]) == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == [17, 18]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["allow"], 2),
        (["list", "17"], 2),
        (["view", "--watch"], 2),
        (["allow", "17", "--watch"], 2),
        (["allow", "0"], 1),
    ],
)
@pytest.mark.usefixtures("root")
def test_wrong_usage(argv: list[str], code: int) -> None:
    assert main(["approvals", *argv]) == code
