# SPDX-License-Identifier: Apache-2.0
"""A guest's end is what it left in the shared folder, and the kernel has a say in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycoconut.guest.definition import guests, load
from pycoconut.guest.job import Job, Outcome, collect, prepare
from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import Places
from pycoconut.kbuild.console import Console, Failure


def _left(tmp_path: Path, **files: str) -> Outcome:
    out = tmp_path / "out"
    out.mkdir()
    for name, text in files.items():
        (out / name).write_text(text)
    console = tmp_path / "console.log"
    console.write_text("Kernel panic - the last words\n")
    return collect(out, console, 1.0)


def test_a_clean_end(tmp_path: Path) -> None:
    _left(tmp_path, status="0\n", tainted="262144\n", kmemleak="").check()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "without a status(.|\n)*the last words"),
        ({"status": "3\n", "output": "assert failed"}, "status 3(.|\n)*assert failed"),
        ({"status": "0\n", "tainted": "128\n"}, "oops"),
        ({"status": "0\n", "tainted": "512\n"}, "warning"),
        ({"status": "0\n", "tainted": "32\n"}, "KASAN"),
        ({"status": "0\n", "lockdep": " debug_locks:    0\n"}, "lockdep"),
        ({"status": "0\n", "kmemleak": "unreferenced object\n"}, "leaked"),
    ],
)
def test_an_end_that_is_not(tmp_path: Path, files: dict[str, str], words: str) -> None:
    with pytest.raises(Failure, match=words):
        _left(tmp_path, **files).check()


def test_words_of_the_job_survive_the_way_into_the_guest(tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare(Job(["echo", "a b", "$(id)", "'"], tmp_path, {"NAME": "x y"}), out)
    text = (out / "job").read_text()
    assert "export NAME='x y'" in text
    assert """echo 'a b' '$(id)' ''"'"''""" in text


def test_every_definition_reads_and_has_a_purpose() -> None:
    for name in guests():
        assert load(Path("qemu") / f"{name}.toml").about


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('kind = "bochs"\nabout = "x"\n', "kind is 'bochs'"),
        ('kind = "uml"\n', "no about"),
        ('kind = "uml"\nabout = "x"\nmemroy = 3\n', "no such key: memroy"),
        ("kind = ", "bad.toml"),
    ],
)
def test_a_bad_definition_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(Failure, match=words):
        load(tmp_path / "bad.toml")


def test_an_unknown_guest_lists_the_known_ones() -> None:
    with pytest.raises(Failure, match="no guest 'amiga'") as refused:
        load(Path("qemu/amiga.toml"))
    assert "direct" in refused.value.hint


def test_a_kernel_that_is_not_built_is_named(
    scratch_console: Console, scratch_places: Places
) -> None:
    (scratch_places.repo / "qemu").mkdir()
    (scratch_places.repo / "qemu/uml.toml").write_text(
        'kind = "uml"\nabout = "x"\nkernel = "uml"\n'
    )
    with pytest.raises(Failure, match="is not built") as refused:
        Runner(scratch_console, scratch_places).run("uml", Job(["true"]))
    assert refused.value.hint == "make kernel V=uml"
