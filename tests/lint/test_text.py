# SPDX-License-Identifier: Apache-2.0
"""Text: every file says its licence, none says what has no place in a repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

NO_HEADER = re.compile(
    r"^(LICENSES/|patches/.*\.patch$|.*\.(json|png|der|cbor|bin|key|pub|log|zst|typed)$"
    r"|tests/.*/(vectors|golden|bad)/|tests/vectors/|image/root/(etc|usr/lib)/)"
)
"""Texts of licences, patches (the base's files carry theirs), data that has no comments,
files that the image carries as they are."""

FORBIDDEN = [
    *(rf"\b{word}\b" for word in ("TO" + "DO", "FIX" + "ME", "not yet " + "implemented")),
    r"/(work|opt)/(main|shared|wheels)",
    r"\bas an? (AI|language model)\b",
]

LONGEST = {".c": 500, ".h": 500, ".sh": 300, ".py": 500}
"""Lines of one file. Beyond that there are two nouns in it."""


def _text(path: Path) -> str | None:
    data = path.read_bytes()
    return None if b"\0" in data else data.decode("utf-8", "replace")


def test_every_file_names_its_licence(repo: Path, files: list[Path]) -> None:
    wrong = []
    for path in files:
        name = str(path.relative_to(repo))
        text = _text(path)
        if text and not NO_HEADER.match(name):
            head = "\n".join(text.splitlines()[:5])
            if "SPDX-License-Identifier:" not in head:
                wrong.append(name)
    assert not wrong, "\n".join(wrong)


def test_licences_named_are_here(repo: Path, files: list[Path]) -> None:
    named = set()
    for path in files:
        for line in (_text(path) or "").splitlines()[:5]:
            if found := re.search(r"SPDX-License-Identifier: ([\w.+ -]+?)(?: \*/)?$", line.strip()):
                named |= set(re.split(r" WITH | OR | AND ", found[1]))
    for name in named:
        stem = name.removesuffix("-only").removesuffix("-or-later")
        assert (repo / "LICENSES" / stem).exists(), name


def test_no_word_that_has_no_place_here(repo: Path, files: list[Path]) -> None:
    wrong = [
        f"{path.relative_to(repo)}:{number}: {line.strip()[:100]}"
        for path in files
        if path.parts[len(repo.parts)] != "LICENSES"
        for number, line in enumerate((_text(path) or "").splitlines(), 1)
        if any(re.search(word, line) for word in FORBIDDEN)
    ]
    assert not wrong, "\n".join(wrong)


def test_lines_end_as_they_should(repo: Path, files: list[Path]) -> None:
    wrong = []
    for path in files:
        text = _text(path)
        name = str(path.relative_to(repo))
        if not text or name.startswith(("LICENSES/", "patches/", "image/root/")):
            continue
        if "\r" in text or not text.endswith("\n") or text.endswith("\n\n"):
            wrong.append(f"{name}: line ends")
        if re.search(r"[ \t]+$", text, re.M) and "vectors" not in name:
            wrong.append(f"{name}: blanks at the end of a line")
    assert not wrong, "\n".join(wrong)


def test_no_file_has_two_nouns(repo: Path, files: list[Path]) -> None:
    wrong = []
    for path in files:
        name = str(path.relative_to(repo))
        generated = name.startswith(("include/uapi/", "tools/pycoconut/abi/", "Documentation/"))
        vectors = "vectors" in name
        if path.suffix in LONGEST and not generated and not vectors:
            count = len((_text(path) or "").splitlines())
            if count > LONGEST[path.suffix]:
                wrong.append(f"{name}: {count} lines")
    assert not wrong, "\n".join(wrong)


def test_help_lists_every_target(repo: Path) -> None:
    makefile = (repo / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.M))
    shown = subprocess.run(
        ["make", "help"], cwd=repo, text=True, capture_output=True, check=True
    ).stdout
    assert {line.split()[0] for line in shown.splitlines()} == targets
    for name in ("deps", "kernel", "uml", "iso", "run", "demo", "test", "check", "bench"):
        assert name in targets
    for name in ("shell", "regen", "refresh", "series", "clean", "help"):
        assert name in targets


@pytest.mark.parametrize("target", ["deps", "uml", "kernel", "check", "series", "refresh", "clean"])
def test_a_dry_run_shows_commands_and_runs_none(repo: Path, target: str) -> None:
    done = subprocess.run(
        ["make", target, "DRY=1"], cwd=repo, text=True, capture_output=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert target == "deps" or re.search(r"^\+ ", done.stdout, re.M), done.stdout


def test_shell_scripts_parse(repo: Path, files: list[Path]) -> None:
    for path in files:
        head = path.read_bytes()[:40]
        if head.startswith((b"#!/bin/sh", b"#!/bin/busybox sh")):
            subprocess.run(["sh", "-n", str(path)], check=True)
