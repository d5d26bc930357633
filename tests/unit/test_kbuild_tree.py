# SPDX-License-Identifier: Apache-2.0
"""A tree is the base, the patches and the rooms, and a second sync touches what changed only."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut.kbuild.base import Base, Places, load_base
from pycoconut.kbuild.console import Console, Failure
from pycoconut.kbuild.tree import Tree, patch_files

BASE = {
    "Makefile": "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 107\n",
    "init/main.c": "one\ntwo\nthree\nfour\nfive\nsix\nseven\n",
}

PATCH = """\
From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
Subject: [PATCH] init: start the agent

---
diff --git a/init/main.c b/init/main.c
--- a/init/main.c
+++ b/init/main.c
@@ -1,7 +1,7 @@
 one
 two
 three
-four
+agent
 five
 six
 seven
"""


def _tarball(path: Path) -> Path:
    with tarfile.open(path, "w:xz") as tar:
        for name, text in BASE.items():
            row = tarfile.TarInfo(f"linux-6.12.107/{name}")
            row.size = len(text)
            tar.addfile(row, io.BytesIO(text.encode()))
    return path


@pytest.fixture
def base() -> Base:
    return replace(load_base(), rooms=("kernel", "include"))


@pytest.fixture
def tree(
    scratch_console: Console,
    scratch_places: Places,
    base: Base,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Tree:
    monkeypatch.setenv("COCONUT_SOURCE", str(_tarball(tmp_path / "linux.tar.xz")))
    repo = scratch_places.repo
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    (repo / "patches").mkdir()
    (repo / "patches" / "0001-init.patch").write_text(PATCH)
    (repo / "kernel" / "agent").mkdir(parents=True)
    (repo / "kernel" / "agent" / "agent.c").write_text("agent\n")
    return Tree(scratch_console, base, scratch_places)


def _age(path: Path) -> int:
    """Make the file look an hour old; return its time."""
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - 3_600_000_000_000))
    return path.stat().st_mtime_ns


def test_base_patches_and_rooms_come_together(tree: Tree) -> None:
    top = tree.sync()
    assert "agent\nfive" in (top / "init/main.c").read_text()
    assert (top / "kernel/agent/agent.c").read_text() == "agent\n"


def test_a_second_sync_keeps_the_times_of_all_files(tree: Tree) -> None:
    top = tree.sync()
    files = ("init/main.c", "kernel/agent/agent.c", "Makefile")
    before = {name: _age(top / name) for name in files}
    tree.sync()
    assert before == {name: (top / name).stat().st_mtime_ns for name in files}


def test_an_edit_touches_its_file_only(tree: Tree, scratch_places: Places) -> None:
    top = tree.sync()
    before = _age(top / "init/main.c")
    (scratch_places.repo / "kernel/agent/agent.c").write_text("edited\n")
    tree.sync()
    assert (top / "kernel/agent/agent.c").read_text() == "edited\n"
    assert (top / "init/main.c").stat().st_mtime_ns == before


def test_a_changed_patch_starts_from_the_original(tree: Tree, scratch_places: Places) -> None:
    top = tree.sync()
    (scratch_places.repo / "patches/0001-init.patch").write_text(PATCH.replace("+agent", "+other"))
    tree.sync()
    assert (top / "init/main.c").read_text() == BASE["init/main.c"].replace("four", "other")


def test_a_patch_taken_away_is_taken_back(tree: Tree, scratch_places: Places) -> None:
    top = tree.sync()
    (scratch_places.repo / "patches/0001-init.patch").unlink()
    tree.sync()
    assert (top / "init/main.c").read_text() == BASE["init/main.c"]


def test_a_file_that_leaves_its_room_leaves_the_tree(tree: Tree, scratch_places: Places) -> None:
    top = tree.sync()
    (scratch_places.repo / "kernel/agent/agent.c").unlink()
    tree.sync()
    assert not (top / "kernel/agent/agent.c").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (" three\n", " drei\n"),  # a context line that is not there
        ("-four\n", "-fore\n"),
    ],
)
def test_a_patch_that_needs_fuzz_is_refused(
    tree: Tree, scratch_places: Places, old: str, new: str
) -> None:
    (scratch_places.repo / "patches/0001-init.patch").write_text(PATCH.replace(old, new))
    with pytest.raises(Failure, match=r"0001-init.patch does not apply") as refused:
        tree.sync()
    assert "make refresh" in refused.value.hint


def test_a_room_may_not_have_a_file_of_the_base(tree: Tree, scratch_places: Places) -> None:
    clash = scratch_places.repo / "include" / "clash.h"
    clash.parent.mkdir()
    clash.write_text("ours\n")
    top = tree.sync()
    names = (top / ".coconut-base").read_text()
    (top / ".coconut-base").write_text(names + "include/clash.h\n")
    with pytest.raises(Failure, match="is a file of the base") as refused:
        tree.sync()
    assert "patch" in refused.value.hint


def test_a_full_disk_is_refused_before_unpacking(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("U", (), {"free": 1 << 10})())
    with pytest.raises(Failure, match="has 0 MiB free") as refused:
        tree.sync()
    assert "make clean" in refused.value.hint
    assert not tree.path.exists()


def test_the_base_for_comparison_takes_nothing_of_ours(tree: Tree) -> None:
    top = replace(tree, ours=False).sync()
    assert (top / "init/main.c").read_text() == BASE["init/main.c"]
    assert not (top / "kernel").exists()


def test_a_patch_names_the_files_it_writes() -> None:
    new = "--- /dev/null\n+++ b/kernel/new.c\n@@ -0,0 +1 @@\n+new\n"
    assert patch_files(PATCH + new) == {"init/main.c", "kernel/new.c"}
