# SPDX-License-Identifier: Apache-2.0
"""Two builds of one tree give the same bytes; where they do not, the file is named."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut.imgbuild.image import Image
from tests.unit.pycoconut.chain_writer import Chain


def files(folder: Path) -> dict[str, str]:
    """Digest of every file that the image is made of, those within the root too."""
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "work" / "tree").rglob("*"))
        if path.is_file()
    }
    with tarfile.open(folder / "work" / "root.tar") as root:
        for info in root:
            source = root.extractfile(info) if info.isreg() else None
            data = source.read() if source else b""
            about = f"{info.mode:o} {info.uid} {info.gid} {info.mtime} {info.linkname}".encode()
            found[f"root:/{info.name}"] = hashlib.sha256(about + b"\0" + data).hexdigest()
    return found


@pytest.mark.timeout(600)
def test_same_tree_same_bytes(image: Image, tmp_path: Path) -> None:
    again = replace(image, folder=tmp_path)
    again.build()
    one, two = files(image.folder), files(again.folder)
    assert {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)} == set()
    assert image.iso.read_bytes() == again.iso.read_bytes(), "the ISO's own layout differs"
    for name in ("SHA256SUMS", "coconut.spdx.json"):
        assert (image.folder / name).read_bytes() == (tmp_path / name).read_bytes()


def test_bill_of_materials(image: Image) -> None:
    paper = json.loads((image.folder / "coconut.spdx.json").read_text())
    assert paper["spdxVersion"] == "SPDX-2.3"
    rows = {row["name"]: row for row in paper["packages"]}
    assert {"linux-coconut", "coconutd", "pycoconut", "blake3", "python3-nacl", "bash"} <= set(rows)
    assert rows["coconut-audit-verify"]["licenseDeclared"] == "GPL-2.0-only"
    assert len({row["SPDXID"] for row in paper["packages"]}) == len(paper["packages"])
    assert all(row["versionInfo"] for row in paper["packages"])
    for line in (image.folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((image.folder / name).read_bytes()).hexdigest() == digest


def test_the_second_verifier_is_inside(image: Image, tmp_path: Path) -> None:
    """As the image has it, and working."""
    program = tmp_path / "coconut-audit-verify"
    with tarfile.open(image.work / "root.tar") as root:
        info = root.getmember("usr/bin/coconut-audit-verify")
        source = root.extractfile(info)
        assert source
        program.write_bytes(source.read())
    assert (info.mode, info.uid, info.gid) == (0o755, 0, 0)
    program.chmod(0o755)
    chain = Chain.whole(1)
    (tmp_path / "chain.log").write_bytes(chain.log)
    argv = [program, "--key", chain.public.hex(), tmp_path / "chain.log"]
    assert subprocess.run(argv, capture_output=True, env={}).returncode == 0
    (tmp_path / "chain.log").write_bytes(chain.log.replace(b'"cpu":1', b'"cpu":2', 1))
    assert subprocess.run(argv, capture_output=True, env={}).returncode == 12


def test_nothing_of_the_builder_is_inside(image: Image) -> None:
    """No path of the build, no archive's name of this machine, no secret key."""
    where = str(image.where.repo).encode()
    with tarfile.open(image.work / "root.tar") as root:
        for info in root:
            assert not info.name.endswith("/keys/image"), info.name
            source = root.extractfile(info) if info.isreg() else None
            assert source is None or where not in source.read(), info.name
            assert not info.name.startswith("etc/apt/sources.list"), info.name
