# SPDX-License-Identifier: Apache-2.0
"""The base's source is what the pin says, or nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut.kbuild import source
from pycoconut.kbuild.apt import Archive, kernels, mirrors, newest_first
from pycoconut.kbuild.base import Base, Places, load_base
from pycoconut.kbuild.console import Console, Failure
from pycoconut.kbuild.source import Source, obtain, version_of

BYTES = b"a tarball"


@pytest.fixture
def base() -> Base:
    return replace(load_base(), debian_sha256=hashlib.sha256(BYTES).hexdigest())


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> Path:
        raise Failure("no network")

    monkeypatch.delenv("COCONUT_SOURCE", raising=False)
    monkeypatch.setattr(source, "_upstream", nothing)
    monkeypatch.setattr(Archive, "pin", nothing)
    monkeypatch.setattr(Archive, "newest", nothing)


def _kept(where: Places, name: str, data: bytes) -> Path:
    where.sources.mkdir(parents=True)
    path = where.sources / name
    path.write_bytes(data)
    return path


@pytest.mark.usefixtures("offline")
def test_a_second_run_needs_no_network(
    scratch_console: Console, scratch_places: Places, base: Base
) -> None:
    path = _kept(scratch_places, base.debian_file, BYTES)
    assert obtain(scratch_console, base, scratch_places) == Source(path, base.debian_sha256)


@pytest.mark.usefixtures("offline")
def test_a_wrong_digest_stops_the_build(
    scratch_console: Console, scratch_places: Places, base: Base
) -> None:
    path = _kept(scratch_places, base.debian_file, BYTES + b"!")
    with pytest.raises(Failure, match="SHA-256") as refused:
        obtain(scratch_console, base, scratch_places)
    assert f"rm {path}" in refused.value.hint


@pytest.mark.usefixtures("offline")
def test_no_way_to_a_source_is_an_error(
    scratch_console: Console, scratch_places: Places, base: Base
) -> None:
    with pytest.raises(Failure, match="no network"):
        obtain(scratch_console, base, scratch_places)


@pytest.mark.usefixtures("offline")
def test_a_pin_that_is_gone_falls_back_to_the_newest(
    scratch_console: Console,
    scratch_places: Places,
    base: Base,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def newest(_: Archive, into: Path) -> Path:
        path = into / "linux_6.12.117.orig.tar.xz"
        path.write_bytes(b"newer")
        return path

    monkeypatch.setattr(Archive, "newest", newest)
    found = obtain(scratch_console, base, scratch_places)
    assert found.path.name == "linux_6.12.117.orig.tar.xz"
    monkeypatch.undo()
    assert obtain(scratch_console, base, scratch_places) == found, "kept for the next run"


@pytest.mark.parametrize(
    ("makefile", "words"),
    [
        ("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 9\n", "is 6.12.9"),
        ("VERSION = 6\nPATCHLEVEL = 13\nSUBLEVEL = 1\n", "is 6.13.1"),
        ("all:\n", "no kernel version"),
    ],
)
def test_a_tree_of_another_version_is_refused(
    scratch_console: Console,
    scratch_places: Places,
    base: Base,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    makefile: str,
    words: str,
) -> None:
    (tmp_path / "Makefile").write_text(makefile)
    monkeypatch.setenv("COCONUT_SOURCE", str(tmp_path))
    with pytest.raises(Failure, match=words):
        obtain(scratch_console, base, scratch_places)


def test_a_source_that_is_not_there_is_named(
    scratch_console: Console, scratch_places: Places, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCONUT_SOURCE", "/nowhere/linux.tar.xz")
    with pytest.raises(Failure, match=r"/nowhere/linux\.tar\.xz: no such file"):
        obtain(scratch_console, base, scratch_places)


def test_the_version_is_read_from_the_makefile() -> None:
    assert version_of("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 107\nNAME = x\n") == (6, 12, 107)


def test_mirrors_come_from_both_formats_of_apts_sources(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("# deb http://no/debian x main\n")
    (tmp_path / "sources.list.d" / "debian.sources").write_text(
        "Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm\n"
    )
    (tmp_path / "sources.list.d" / "sec.list").write_text(
        "deb [arch=amd64] http://mirror.example/debian-security bookworm-security main\n"
    )
    found = mirrors(tmp_path)
    assert found.main == "http://mirror.example/debian"
    assert found.security == "http://mirror.example/debian-security"


def test_sources_without_debian_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://archive.example/ubuntu noble main\n")
    with pytest.raises(Failure, match="no Debian archive") as refused:
        mirrors(tmp_path)
    assert "COCONUT_SOURCE" in refused.value.hint


def test_the_newest_of_the_series_comes_first() -> None:
    def entry(version: str, name: str) -> str:
        return f"Package: linux\nVersion: {version}\nFiles:\n 0 1 {name}.orig.tar.xz"

    text = "\n\n".join(
        [
            entry("6.12.9-1", "linux_6.12.9"),
            entry("6.12.107-1", "linux_6.12.107"),
            entry("6.13.1-1", "linux_6.13.1"),
            entry("6.120.1-1", "linux_6.120.1"),
        ]
    )
    assert [version for version, _ in newest_first(text, "6.12")] == ["6.12.107-1", "6.12.9-1"]


def test_a_metapackage_names_its_kernels_newest_first() -> None:
    shown = "".join(
        f"Package: linux-image-amd64\nVersion: {version}\nDepends: {depends}\nSize: 1\n\n"
        for version, depends in (
            ("6.1.192-2", "linux-image-6.1.0-56-amd64"),
            ("6.1.176-1", "kmod, linux-image-6.1.0-50-amd64 (= 6.1.176-1)"),
            ("6.1.176-1", "linux-image-6.1.0-50-amd64"),
        )
    )
    assert kernels(shown) == ["linux-image-6.1.0-56-amd64", "linux-image-6.1.0-50-amd64"]
    assert kernels("Package: linux-image-amd64\n") == []
