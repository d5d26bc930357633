# SPDX-License-Identifier: Apache-2.0
"""Kernel rooms: checkpatch --strict and kernel-doc are content, or the reason is written down."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pycoconut.kbuild.base import load_base

SOURCES = (".c", ".h", ".S")


def _rooms(repo: Path, files: list[Path]) -> list[str]:
    """Our C below the rooms, by path in the tree."""
    rooms = load_base().rooms
    names = [str(path.relative_to(repo)) for path in files if path.suffix in SOURCES]
    return [name for name in names if name.startswith(rooms)]


def _exceptions() -> list[dict[str, Any]]:
    path = Path(__file__).with_name("checkpatch.toml")
    return list(tomllib.loads(path.read_text())["exception"])


def _checkpatch(tree: Path, name: str, kept: Path) -> list[str]:
    """checkpatch's messages about one file; a file that has not changed is not read again."""
    tool = tree / "scripts" / "checkpatch.pl"
    data = (tree / name).read_bytes() + tool.read_bytes()
    result = kept / hashlib.sha256(name.encode() + data).hexdigest()
    if not result.exists():
        done = subprocess.run(
            ["perl", str(tool), "--strict", "--terse", "--show-types", "--no-summary",
             "--color=never", "-f", name],
            cwd=tree, text=True, capture_output=True, check=False,
        )  # fmt: skip
        result.write_text(done.stdout + done.stderr)
    return result.read_text().splitlines()


def _checked(repo: Path, tree: Path, names: list[str]) -> Iterator[str]:
    """checkpatch's messages about all files, as many at once as there are CPUs."""
    kept = repo / "build" / "lint"
    kept.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for lines in pool.map(lambda name: _checkpatch(tree, name, kept), names):
            yield from lines


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_checkpatch(repo: Path, tree: Path, files: list[Path]) -> None:
    rows = _exceptions()
    wrong = []
    for line in _checked(repo, tree, _rooms(repo, files)):
        found = re.match(r"(\S+?):\d+: (?:ERROR|WARNING|CHECK):(\w+): ", line)
        excused = found and any(
            row["type"] == found[2] and fnmatch.fnmatch(found[1], row["files"]) for row in rows
        )
        if line.strip() and not excused:
            wrong.append(line)
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(300)
def test_checkpatch_of_the_patches(repo: Path, tree: Path) -> None:
    rows = _exceptions()
    wrong = []
    for path in sorted((repo / "patches").glob("*.patch")):
        done = subprocess.run(
            ["perl", "scripts/checkpatch.pl", "--strict", "--terse", "--show-types",
             "--no-summary", "--color=never", str(path)],
            cwd=tree, text=True, capture_output=True, check=False,
        )  # fmt: skip
        for line in done.stdout.splitlines():
            found = re.search(r": (?:ERROR|WARNING|CHECK):(\w+): ", line)
            excused = found and any(
                row["type"] == found[1] and fnmatch.fnmatch(f"patches/{path.name}", row["files"])
                for row in rows
            )
            if line.strip() and not excused:
                wrong.append(line)
    assert not wrong, "\n".join(wrong)


def test_each_exception_has_a_reason() -> None:
    for row in _exceptions():
        assert set(row) == {"type", "files", "why"}
        assert len(row["why"]) > 20, row


@pytest.mark.timeout(300)
def test_kernel_doc(repo: Path, tree: Path, files: list[Path]) -> None:
    names = [name for name in _rooms(repo, files) if "/selftests/" not in name]
    done = subprocess.run(
        ["perl", "scripts/kernel-doc", "-none", "-Werror", *names],
        cwd=tree, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


KERNEL_LAYERS = {"lib/crypto": 0, "kernel/audit/coconut": 1, "kernel/agent": 2}
"""A lower room includes no private header of a higher one; the LSM and agentfs are on top."""


def test_lower_rooms_include_no_header_of_higher_ones(repo: Path, files: list[Path]) -> None:
    wrong = []
    for name in _rooms(repo, files):
        room = next((r for r in KERNEL_LAYERS if name.startswith(f"{r}/")), None)
        if room is None:
            continue
        higher = [r for r in (*KERNEL_LAYERS, "security/coconut", "fs/agentfs")
                  if KERNEL_LAYERS.get(r, 3) > KERNEL_LAYERS[room]]  # fmt: skip
        for line in (repo / name).read_text().splitlines():
            if line.startswith("#include") and any(f"{r}/" in line for r in higher):
                wrong.append(f"{name}: {line}")
    assert not wrong, "\n".join(wrong)


def test_patches_have_their_rows(repo: Path) -> None:
    text = (repo / "patches" / "README.md").read_text()
    names = {path.name for path in (repo / "patches").glob("*.patch")}
    rows = set(re.findall(r"^\| `?(\d{4})", text, re.M))
    assert rows == {name[:4] for name in names}


def test_patches_are_what_git_writes(repo: Path) -> None:
    for path in (repo / "patches").glob("*.patch"):
        text = path.read_text()
        assert text.startswith("From 0000000000000000000000000000000000000000 "), path.name
        body = text.split("\n\n", 1)[1].split("\n---\n", 1)[0]
        assert len(body.split()) > 8, f"{path.name} does not say why"
