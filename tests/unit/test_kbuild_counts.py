# SPDX-License-Identifier: Apache-2.0
"""Results are counted so that silence and a death half way are failures."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pycoconut.kbuild import testrun
from pycoconut.kbuild.base import Places, load_base
from pycoconut.kbuild.console import Console, Failure
from pycoconut.kbuild.counts import Counts, junit, ktap
from pycoconut.kbuild.testrun import Layer

KUNIT = """\
KTAP version 1
1..1
    KTAP version 1
    # Subtest: agent_cap
    1..3
    ok 1 cap_subset
        # Subtest: cap_parse
        ok 1 empty
        not ok 2 deep
    not ok 2 cap_parse
    ok 3 cap_rate # SKIP no clock
# agent_cap: pass:1 fail:1 skip:1 total:3
not ok 1 agent_cap
"""


@pytest.mark.parametrize(
    ("text", "indent", "wanted"),
    [
        (KUNIT, 4, Counts(1, 1, 1)),
        (KUNIT, 0, Counts(0, 1, 0)),
        ("TAP version 13\n1..3\nok 1 a\nnot ok 2 b\nok 3 c # SKIP x\n", 0, Counts(1, 1, 1)),
        ("1..5\nok 1 a\n", 0, Counts(1, 4, 0)),
        ("", 0, Counts()),
    ],
)
def test_ktap(text: str, indent: int, wanted: Counts) -> None:
    assert ktap(text, indent) == wanted


def test_junit(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_text(
        '<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/></testsuites>'
    )
    assert junit(path) == Counts(3, 3, 3)


def test_what_failed_has_a_name(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_text(
        '<testsuites><testsuite tests="2" failures="1"><testcase classname="tests.a" name="b"/>'
        '<testcase classname="tests.a" name="c"><failure message="0 is not 1"/></testcase>'
        "</testsuite></testsuites>"
    )
    assert junit(path).failures == ("tests.a::c: 0 is not 1",)
    assert ktap(KUNIT, 4).failures == ("not ok 2 cap_parse",)


@pytest.mark.parametrize("text", [None, "<testsuites>"])
def test_a_missing_or_broken_result_is_a_failure(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "x.xml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(Failure, match="pytest left no result"):
        junit(path)


def _broken(_: testrun.TestRun) -> Counts:
    raise Failure("the kernel does not build")


@pytest.mark.parametrize(
    ("layers", "total"),
    [
        ([lambda _: Counts(3, 0, 1), lambda _: Counts(2, 1, 0)], Counts(5, 1, 1)),
        ([lambda _: Counts(3), lambda _: Counts()], Counts(3, 1)),
        ([_broken, lambda _: Counts(3)], Counts(3, 1)),
    ],
)
def test_the_last_line_sums_all_layers(
    scratch_console: Console,
    scratch_places: Places,
    said: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    layers: list[testrun.Callable[[testrun.TestRun], Counts]],
    total: Counts,
) -> None:
    rows = tuple(Layer(f"layer{n}", "about", run) for n, run in enumerate(layers))
    monkeypatch.setattr(testrun, "LAYERS", rows)
    run = testrun.TestRun(scratch_console, load_base(), scratch_places)
    assert run.run(quick=False) == total
    assert said.getvalue().splitlines()[-1] == str(total)


def test_the_end_names_what_failed(
    scratch_console: Console,
    scratch_places: Places,
    said: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = (Layer("one", "about", _broken), Layer("two", "about", lambda _: Counts()))
    monkeypatch.setattr(testrun, "LAYERS", rows)
    testrun.TestRun(scratch_console, load_base(), scratch_places).run(quick=False)
    assert said.getvalue().splitlines()[-3:] == [
        "  failed in one: the kernel does not build",
        "  failed in two: nothing ran",
        "0 passed, 2 failed, 0 skipped",
    ]
