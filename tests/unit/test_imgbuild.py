# SPDX-License-Identifier: Apache-2.0
"""The pieces of the image's builder: archives to the byte, papers, and what bad input gets."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut.guest.kvm import Accel
from pycoconut.imgbuild import boot, rootfs, sbom, signing
from pycoconut.imgbuild.cpio import Member, newc
from pycoconut.imgbuild.image import Image
from pycoconut.imgbuild.machine import command_line
from pycoconut.imgbuild.recipe import load_recipe
from pycoconut.kbuild.base import Places, load_base
from pycoconut.kbuild.console import Console, Failure
from tests.unit.pycoconut.chain_writer import Chain

EPOCH = 1_700_000_000
TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return Console(tmp_path / "log", tmp_path / "times", out=io.StringIO())


def test_cpio_is_what_cpio_reads(tmp_path: Path) -> None:
    members = [
        Member("etc", stat.S_IFDIR | 0o755),
        Member("etc/odd", stat.S_IFREG | 0o640, b"12345"),
        Member("init", stat.S_IFREG | 0o755, b"\0" * 7),
    ]
    archive = newc(members, EPOCH)
    assert archive == newc(members, EPOCH)
    subprocess.run(
        ["cpio", "-idm", "--quiet"], input=archive, cwd=tmp_path, check=True, capture_output=True
    )
    assert (tmp_path / "etc" / "odd").read_bytes() == b"12345"
    assert stat.S_IMODE((tmp_path / "init").stat().st_mode) == 0o755
    assert int((tmp_path / "init").stat().st_mtime) == EPOCH


def fill(root: rootfs.Root) -> rootfs.Root:
    root.file("b/two", b"2")
    root.file("a/one", b"1", 0o755)
    root.symlink("a/link", "one")
    info = tarfile.TarInfo("a/0hard")
    info.type, info.linkname = tarfile.LNKTYPE, "b/two"
    root.entries["a/0hard"] = (info, b"")
    return root


def test_parts_of_a_tar_are_unpacked_as_ones_own(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "root.tar", "w") as tar:
        for name, mode in (("./usr/bin/python3", 0o4755), ("./usr/bin/perl", 0o755)):
            info = tarfile.TarInfo(name)
            info.uid, info.mode = 12345, mode
            tar.addfile(info, io.BytesIO())
    rootfs.untar(tmp_path / "root.tar", tmp_path / "tree", "./usr/bin/python3*")
    assert [p.name for p in (tmp_path / "tree/usr/bin").iterdir()] == ["python3"]
    found = (tmp_path / "tree/usr/bin/python3").stat()
    assert (found.st_uid, found.st_mode & 0o7777) == (os.getuid(), 0o755)
    with pytest.raises(subprocess.CalledProcessError):
        rootfs.untar(tmp_path / "root.tar", tmp_path / "other", "./usr/bin/ruby*")


def test_root_depends_on_nothing_but_its_content(tmp_path: Path) -> None:
    fill(rootfs.Root(EPOCH)).write(tmp_path / "one.tar")
    again = rootfs.Root(EPOCH)
    again.load(tmp_path / "one.tar", lambda _: False)
    again.entries = dict(reversed(again.entries.items()))
    again.write(tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as archive:
        names = archive.getnames()
        assert {info.mtime for info in archive} == {EPOCH}
    # A hard link that came before what it links to could not be unpacked.
    assert names == ["a", "a/link", "a/one", "b", "b/two", "a/0hard"]


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("usr/share/doc/bash", False),
        ("usr/share/doc/bash/copyright", False),
        ("usr/share/doc/bash/README", True),
        ("usr/share/doc/bash/examples/copyright", True),
        ("usr/share/man/man1/sh.1", True),
        ("usr/share/manual", False),
        ("etc/resolv.conf", True),
        ("etc/apt/sources.list.d/x", True),
        ("usr/lib/python3/__pycache__/x.pyc", True),
        ("dev/null", True),
        ("var/lib/dpkg/status", False),
    ],
)
def test_what_is_stripped(name: str, dropped: bool) -> None:
    assert rootfs.stripped(load_recipe())(name) is dropped


def test_the_build_half_is_not_installed() -> None:
    names = rootfs.run_half(TOOLS)
    assert "usr/lib/python3/dist-packages/pycoconut/daemon/main.py" in names
    for half in ("imgbuild", "kbuild", "guest"):
        assert not any(f"/pycoconut/{half}/" in name for name in names)


def test_the_installed_half_imports_the_build_half_nowhere() -> None:
    for name, data in rootfs.run_half(TOOLS).items():
        for half in (b"imgbuild", b"kbuild", b"pycoconut.guest"):
            assert b"import " + half not in data, name
            assert b"from pycoconut." + half not in data, name


def test_menu_names_each_profile_and_the_label() -> None:
    recipe = load_recipe()
    text = boot.grub_config(recipe, "COCONUT_1")
    for row in recipe.profiles:
        assert f"coconut_profile={row.name}\n" in text
    assert text.count("coconut_label=COCONUT_1") == len(recipe.profiles) + 1
    assert "coconut_daemon=/bin/sh" in text


STATUS = """\
Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2+dfsg-1
Description: shell
 Status: not a field

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: libx
Status: install ok installed
Architecture: amd64
Source: x-source (2)
Version: 2
"""


def test_bill_of_materials() -> None:
    parts = sbom.parts_of_debian(STATUS, "trixie")
    assert [part.name for part in parts] == ["bash", "libx"]
    assert parts[0].purl == "pkg:deb/debian/bash@5.2%2Bdfsg-1?arch=amd64&distro=trixie"
    parts += sbom.parts_of_wheels(load_recipe().wheels)
    text = sbom.render("coconut-os", parts, EPOCH)
    assert text == sbom.render("coconut-os", list(reversed(parts)), EPOCH)
    paper = json.loads(text)
    assert paper["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
    assert {row["name"] for row in paper["packages"]} >= {"bash", "libx", "blake3"}


def test_wrong_wheel_is_refused(console: Console, tmp_path: Path) -> None:
    where = Places(tmp_path, tmp_path / "build", tmp_path / "cache")
    row = load_recipe().wheels[0]
    folder = where.cache / "wheel" / row.sha256[:16]
    folder.mkdir(parents=True)
    (folder / "x.whl").write_bytes(b"other bytes")
    with pytest.raises(Failure, match="digest"):
        rootfs.wheel(console, where, row)


def test_bad_recipes(tmp_path: Path) -> None:
    path = tmp_path / "image.toml"
    with pytest.raises(Failure):
        load_recipe(path)
    path.write_text("[root]\n")
    with pytest.raises(Failure, match="no key"):
        load_recipe(path)
    good = (TOOLS.parent / "image" / "image.toml").read_text()
    path.write_text(good.replace('"bash"', '"--hook=rm"'))
    with pytest.raises(Failure, match="no package name"):
        load_recipe(path)


def test_no_kernel_no_image(console: Console, tmp_path: Path) -> None:
    where = Places(tmp_path, tmp_path / "build", tmp_path / "cache")
    image = Image.of(console, load_base(), where, tmp_path / "bzImage")
    with pytest.raises(Failure) as caught:
        image.build()
    assert caught.value.hint == "make kernel"


def test_dry_run_shows_every_command_and_makes_nothing(tmp_path: Path) -> None:
    out = io.StringIO()
    console = Console(tmp_path / "log", tmp_path / "times", dry_run=True, out=out)
    where = replace(Places(TOOLS.parent, tmp_path / "build", tmp_path / "cache"))
    Image.of(console, load_base(), where, tmp_path / "bzImage").build()
    for program in ("gcc", "mksquashfs", "grub-mkimage", "mkfs.fat", "mcopy", "xorriso"):
        assert program in out.getvalue()
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_key_is_made_once_and_signs_alike(tmp_path: Path) -> None:
    public = signing.public_key(tmp_path, TOOLS)
    assert signing.public_key(tmp_path, TOOLS) == public
    assert stat.S_IMODE((tmp_path / "keys" / "image").stat().st_mode) == 0o600
    manifest = TOOLS.parent / "image" / "services" / "auditor.yaml"
    signed = signing.sign(manifest, tmp_path, TOOLS)
    assert signed == signing.sign(manifest, tmp_path, TOOLS)
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: [")
    with pytest.raises(Failure, match="signing failed"):
        signing.sign(bad, tmp_path, TOOLS)


@pytest.mark.parametrize("stick", [False, True])
def test_machine_without_network_and_defaults(tmp_path: Path, stick: bool) -> None:
    words = command_line(Path("/x.iso"), Accel("tcg", "test"), tmp_path, stick=stick)
    assert {"-nodefaults", "-no-user-config", "-no-reboot"} <= set(words)
    assert not any("net" in word for word in words)
    assert ("ide-cd,drive=medium" in words) is not stick


def test_initramfs_is_small(tmp_path: Path, console: Console) -> None:
    """It stays in memory until the root is found, on machines that have little."""
    out = tmp_path / "init"
    boot.static(console, TOOLS.parent / "image" / "initramfs" / "init.c", out)
    assert len(boot.initramfs(out.read_bytes(), EPOCH)) < 1 << 20
    readelf = shutil.which("readelf")
    assert readelf
    done = subprocess.run([readelf, "-l", out], capture_output=True, text=True, check=True)
    assert "INTERP" not in done.stdout


def test_the_second_verifier_is_the_same_from_any_place(tmp_path: Path, console: Console) -> None:
    """To the byte; it needs nothing of where it runs, and says nothing of where it was made."""
    one, two = (boot.verifier(console, TOOLS.parent, tmp_path / name) for name in ("a", "b/c"))
    assert one.read_bytes() == two.read_bytes()
    assert str(TOOLS.parent).encode() not in one.read_bytes()
    readelf = shutil.which("readelf")
    assert readelf
    done = subprocess.run([readelf, "-l", one], capture_output=True, text=True, check=True)
    assert "INTERP" not in done.stdout
    log = tmp_path / "chain.log"
    log.write_bytes(Chain.whole(1).log)
    assert subprocess.run([one, log], capture_output=True, env={}).returncode == 10
    log.write_bytes(Chain.whole(1).log[:-9])
    assert subprocess.run([one, log], capture_output=True, env={}).returncode == 11
