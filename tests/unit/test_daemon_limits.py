# SPDX-License-Identifier: Apache-2.0
"""Limits, from the operator's file into the kernel's."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycoconut.daemon.policy import install_limits


@pytest.mark.parametrize(
    ("text", "written", "complaints"),
    [
        ("strikes 3\n", "strikes 3\n", 0),
        ("# none\n\n  denials   10  # ten\n", "denials 10\n", 0),
        ("strikes\n", "", 1),
        ("strikes 3 4\n", "", 1),
        ("strikes -1\nblows x\n", "", 2),
        ("strikes 99999999999\n", "", 1),
        ("\x1b[2J\n", "", 1),
    ],
)
def test_lines(tmp_path: Path, text: str, written: str, complaints: int) -> None:
    (tmp_path / "limits").touch()
    (tmp_path / "file").write_text(text)
    said: list[str] = []
    install_limits(tmp_path / "file", tmp_path, said.append)
    assert (tmp_path / "limits").read_text() == written
    assert len(said) == complaints
    assert all(line.isprintable() for line in said)


def test_the_kernel_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("strikes 3\n")
    said: list[str] = []
    (tmp_path / "limits").mkdir()
    install_limits(tmp_path / "file", tmp_path, said.append)
    assert len(said) == 1


def test_no_file_is_no_limit(tmp_path: Path) -> None:
    install_limits(tmp_path / "file", tmp_path, pytest.fail)
