# SPDX-License-Identifier: Apache-2.0
"""What the image installs: templates that read back as written, manifests without a finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycoconut import manifest, spellings
from pycoconut.imgbuild.recipe import load_recipe

IMAGE = Path(__file__).parents[2] / "image"
TEMPLATES = sorted((IMAGE / "policy").glob("*.caps"))
SERVICES = sorted((IMAGE / "services").glob("*.yaml"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.stem)
def test_template_is_canonical(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
    assert lines
    for line in lines:
        assert [str(cap) for cap in spellings.read(line)] == [line]


def test_each_profile_has_its_template() -> None:
    assert {row.name for row in load_recipe().profiles} == {path.stem for path in TEMPLATES}


@pytest.mark.parametrize("path", SERVICES, ids=lambda p: p.stem)
def test_service_manifest_has_no_finding(path: Path) -> None:
    made, findings = manifest.lint(path.read_text(), folder=path.parent)
    assert not findings
    assert made is not None
    assert made.name == path.stem
    assert made.argv
    program = IMAGE / "root" / made.argv[0].lstrip("/")
    assert program.stat().st_mode & 0o111


def test_programs_of_the_image_are_executable() -> None:
    for path in (IMAGE / "root").rglob("*"):
        if path.is_file() and path.read_bytes().startswith(b"#!"):
            assert path.stat().st_mode & 0o111, path
