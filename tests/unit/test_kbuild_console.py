# SPDX-License-Identifier: Apache-2.0
"""Commands are shown as they can be typed; failures end in what to do."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut.kbuild import host
from pycoconut.kbuild.base import REPO, Base, Places, load_base
from pycoconut.kbuild.bootstrap import GROUPS
from pycoconut.kbuild.console import Console, Failure
from pycoconut.kbuild.host import install, missing, requirements


def test_a_command_is_shown_so_that_it_can_be_pasted(
    scratch_console: Console, said: io.StringIO, tmp_path: Path
) -> None:
    scratch_console.run(["touch", "a b"], cwd=tmp_path, env={"X": "1 2"})
    shown = said.getvalue().strip().removeprefix("+ ")
    (tmp_path / "a b").unlink()
    subprocess.run(shown, shell=True, check=True)
    assert (tmp_path / "a b").exists()


def test_a_dry_run_runs_nothing(scratch_console: Console, said: io.StringIO) -> None:
    dry = replace(scratch_console, dry_run=True)
    dry.run(["false"])
    dry.step("x", ["false"])
    assert said.getvalue() == "+ false\n+ false\n"


def test_a_failed_step_shows_the_end_of_its_log(
    scratch_console: Console, said: io.StringIO
) -> None:
    with pytest.raises(Failure, match="compile failed") as failed:
        scratch_console.step("compile", ["sh", "-c", "echo error: here; exit 2"])
    assert "error: here" in said.getvalue()
    assert "compile.log" in failed.value.hint


def test_a_step_that_hangs_is_ended(scratch_console: Console) -> None:
    with pytest.raises(Failure, match="took more than"):
        scratch_console.step("hang", ["sleep", "60"], timeout=0.2)


def test_the_time_of_a_step_is_kept_for_the_next(
    scratch_console: Console, scratch_places: Places
) -> None:
    scratch_console.step("quick", ["true"])
    assert "quick" in scratch_places.times.read_text()


def test_a_command_that_is_not_there_says_how_to_get_it(scratch_console: Console) -> None:
    with pytest.raises(Failure, match="no such command") as failed:
        scratch_console.read(["no-such-command"])
    assert "make deps" in failed.value.hint


def test_packages_that_are_there_are_not_asked_for() -> None:
    assert missing(["dpkg", "no-such-package-at-all"]) == ["no-such-package-at-all"]


def test_without_root_or_sudo_one_line_says_what_to_install(
    scratch_console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    base: Base = replace(load_base(), packages={"kernel": ("no-such-package-at-all",)})
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(host, "_sudo_asks_nothing", lambda: False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(Failure, match="1 system packages are missing") as failed:
        install(scratch_console, base, ["kernel"])
    assert "apt-get install --no-install-recommends no-such-package-at-all" in failed.value.hint


def test_every_requirement_is_exact() -> None:
    for line in requirements(REPO / "pyproject.toml"):
        assert "==" in line, line


@pytest.mark.parametrize(
    ("text", "words"), [("[linux]\n", "no key 'version'"), ("[linux\n", "base.toml")]
)
def test_broken_pins_are_an_error(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "base.toml").write_text(text)
    with pytest.raises(Failure, match=words):
        load_base(tmp_path / "base.toml")


def test_the_commands_are_known_to_the_first_step_and_to_the_second() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pycoconut.kbuild", "--help"],
        cwd=REPO / "tools", text=True, capture_output=True, check=True,
    )  # fmt: skip
    for name in GROUPS:
        assert name in done.stdout


def test_two_builds_of_one_thing_take_turns(
    scratch_console: Console, said: io.StringIO, scratch_places: Places
) -> None:
    code = (
        "import sys, pathlib, time; from pycoconut.kbuild.console import Console\n"
        "p = pathlib.Path(sys.argv[1])\n"
        "with Console(p, p / 'times').alone('uml'): print('held', flush=True); time.sleep(1)"
    )
    argv = [sys.executable, "-c", code, str(scratch_places.logs)]
    with subprocess.Popen(argv, cwd=REPO / "tools", stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with scratch_console.alone("uml"):
            assert other.wait(timeout=10) == 0
    assert "waiting for another build" in said.getvalue()
