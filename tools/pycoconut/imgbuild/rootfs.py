# SPDX-License-Identifier: Apache-2.0
"""The root file system: Debian's part, kept in the cache; ours, laid over it; both as one tar
that depends on nothing but its inputs."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pycoconut.imgbuild.recipe import Recipe, Wheel
from pycoconut.kbuild.base import Base, Places
from pycoconut.kbuild.console import Console, Failure, die

__all__ = ["Debian", "Root", "debian", "run_half", "stripped", "unpack", "untar", "wheel"]

_FORMAT = 3
"""Part of the key of the cache: raise it when what is made of the same recipe changes."""

_MODULES = "usr/lib/python3/dist-packages"

_BUILD_HALF = ("bench", "guest", "imgbuild", "kbuild")
"""Folders of pycoconut that are not installed."""


@dataclass
class Root:
    """A tree in memory: path without leading slash, to the entry and its bytes."""

    epoch: int
    entries: dict[str, tuple[tarfile.TarInfo, bytes]] = field(default_factory=dict)

    def _put(self, path: str, kind: bytes, mode: int, data: bytes = b"", link: str = "") -> None:
        path = str(PurePosixPath(path)).lstrip("/")
        for parent in reversed(PurePosixPath(path).parents):
            if str(parent) != "." and str(parent) not in self.entries:
                self._put(str(parent), tarfile.DIRTYPE, 0o755)
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.linkname, info.size = kind, mode, link, len(data)
        self.entries[path] = (info, data)

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """A file of root's; the folders above it are made."""
        self._put(path, tarfile.REGTYPE, mode, data)

    def folder(self, path: str, mode: int = 0o755) -> None:
        """A folder of root's."""
        self._put(path, tarfile.DIRTYPE, mode)

    def symlink(self, path: str, target: str) -> None:
        """A symbolic link."""
        self._put(path, tarfile.SYMTYPE, 0o777, link=target)

    def tree(self, source: Path, at: str = "", keep: Callable[[Path], bool] = bool) -> None:
        """All files under @source for which @keep; executable stays executable."""
        for path in sorted(source.rglob("*")):
            name = str(PurePosixPath(at) / path.relative_to(source).as_posix())
            if path.is_symlink():
                self.symlink(name, os.readlink(path))
            elif path.is_file() and keep(path):
                self.file(name, path.read_bytes(), 0o755 if path.stat().st_mode & 0o100 else 0o644)

    def read(self, path: str) -> bytes:
        """The bytes of a file that is there."""
        return self.entries[path][1]

    def load(self, tar: Path, drop: Callable[[str], bool]) -> None:
        """Take the entries of @tar over, but those to @drop."""
        with tarfile.open(tar) as archive:
            for info in archive:
                info.name = info.name.removeprefix("./").rstrip("/")
                if info.name in ("", ".") or drop(info.name):
                    continue
                if info.islnk():
                    info.linkname = info.linkname.removeprefix("./")
                source = archive.extractfile(info) if info.isreg() else None
                self.entries[info.name] = (info, source.read() if source else b"")

    def write(self, out: Path) -> None:
        """The tar: sorted, with one time; a hard link comes after what it links to."""
        with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as archive:
            for late in (False, True):
                for name in sorted(self.entries):
                    info, data = self.entries[name]
                    if info.islnk() is not late:
                        continue
                    info.mtime = self.epoch
                    info.uname = info.gname = ""
                    info.pax_headers = {
                        k: v for k, v in info.pax_headers.items() if k.startswith("SCHILY.xattr.")
                    }
                    archive.addfile(info, io.BytesIO(data) if info.isreg() else None)


@dataclass(frozen=True)
class Debian:
    """Debian's part: @tar has it stripped and compiled, @tree holds its Python for us to run."""

    tar: Path
    tree: Path
    packages: Path

    def compile(self, sources: dict[str, bytes]) -> dict[str, bytes]:
        """Compile modules with the image's own Python: {installed path: source} to {path: code}.

        The code is marked as good whatever the source's time is, for the image gives
        every file one time. Raises Failure where a source does not compile.
        """
        with tempfile.TemporaryDirectory(prefix="coconut-pyc-") as tmp:
            for name, data in sources.items():
                path = Path(tmp, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            options = ["-q", "-f", "-s", tmp, "-p", "/", "--invalidation-mode", "unchecked-hash"]
            done = subprocess.run(
                [*_python(self.tree), "-m", "compileall", *options, tmp],
                env={"PYTHONHOME": str(self.tree / "usr"), "PYTHONHASHSEED": "0"},
                text=True,
                capture_output=True,
            )
            if done.returncode:
                raise Failure(f"compileall: {(done.stdout + done.stderr).strip()}", "mend it")
            made = sorted(Path(tmp).rglob("*.pyc"))
            return {path.relative_to(tmp).as_posix(): path.read_bytes() for path in made}


def _python(tree: Path) -> list[str]:
    """The image's Python on this machine, by its own loader: no root and no chroot is needed."""
    binary = next(iter(sorted((tree / "usr/bin").glob("python3.[0-9]*"))), None)
    loader = tree / "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    if binary is None or not loader.exists():
        die(f"{tree} has no Python", f"rm -r {tree.parent} and build again")
    return [
        str(loader),
        "--library-path",
        str(tree / "usr/lib/x86_64-linux-gnu"),
        str(binary),
        "-S",
    ]


def stripped(recipe: Recipe) -> Callable[[str], bool]:
    """Whether the recipe keeps a path out."""

    def drop(name: str) -> bool:
        if name.startswith("usr/share/doc/"):
            below = name.split("/")[4:]
            return bool(below) and below != [recipe.keep_doc]
        if name.startswith("dev/") or "/__pycache__" in name:
            return True
        return any(name == row or name.startswith(row + "/") for row in recipe.strip)

    return drop


def _sources(suite: str) -> list[str]:
    """apt's lines for @suite, from the archives this machine itself uses."""
    listed = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(ORIGIN)|$(LABEL)|$(SUITE)|$(REPO_URI)|$(CODENAME)",
        ],
        text=True,
        capture_output=True,
    )
    rows = [line.split("|") for line in listed.stdout.splitlines()]
    found: dict[str, str] = {}
    for row in rows:
        if len(row) == 5 and row[0] == "Debian" and "-updates" not in row[2]:
            found.setdefault(row[1], row[3])
    if "Debian" not in found:
        die("apt on this machine names no Debian archive", "apt-get update, or see sources.list(5)")
    lines = [f"deb {found['Debian']} {suite} main", f"deb {found['Debian']} {suite}-updates main"]
    if "Debian-Security" in found:
        lines.append(f"deb {found['Debian-Security']} {suite}-security main")
    return lines


def _bootstrap(console: Console, base: Base, recipe: Recipe, out: Path) -> None:
    console.step(
        "mmdebstrap",
        [
            "mmdebstrap",
            "--variant=minbase",
            f"--include={','.join(recipe.packages)}",
            '--aptopt=Acquire::Languages "none"',
            "--dpkgopt=path-exclude=/usr/share/man/*",
            base.suite,
            str(out),
            *_sources(base.suite),
        ],
        env={"SOURCE_DATE_EPOCH": str(base.epoch), "LC_ALL": "C.UTF-8"},
        hint="it needs Debian's archive this once; without root it also needs user namespaces",
        timeout=1800,
    )


def untar(tar: Path, into: Path, *parts: str) -> None:
    """Unpack @parts (globs of tar(1); all where there are none) as the caller's own.

    Debian 12's Python 3.11.2 lacks the filters of tarfile.
    """
    into.mkdir()
    owned = ["--no-same-owner", "--no-same-permissions", "--wildcards"]
    subprocess.run(["tar", "-xf", str(tar), "-C", str(into), *owned, *parts], check=True)


def debian(console: Console, where: Places, base: Base, recipe: Recipe) -> Debian:
    """Debian's part of the root; from the cache, without network, where it was made before."""
    wanted = json.dumps([_FORMAT, base.suite, base.epoch, recipe.packages, recipe.strip])
    home = where.cache / "image" / hashlib.sha256(wanted.encode()).hexdigest()[:16]
    made = Debian(home / "debian.tar", home / "tree", home / "status")
    if (home / ".complete").exists() or console.dry_run:
        if console.dry_run:
            console.say(f"Debian's part would be {made.tar}")
        return made
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    raw = home / "raw.tar"
    _bootstrap(console, base, recipe, raw)
    # What Debian.compile() runs: Python and its libraries.
    parts = ("bin/python3*", "lib/python3*", "lib/x86_64-linux-gnu/*")
    untar(raw, made.tree, *(f"./usr/{part}" for part in parts))
    root = Root(base.epoch)
    root.load(raw, stripped(recipe))
    made.packages.write_bytes(root.read("var/lib/dpkg/status"))
    modules = {
        name: data
        for name, (info, data) in root.entries.items()
        if name.startswith("usr/lib/python3") and name.endswith(".py") and info.isreg()
    }
    console.say(f"compiling {len(modules)} modules of Debian's Python")
    for name, data in made.compile(modules).items():
        root.file(name, data)
    root.write(made.tar)
    raw.unlink()
    (home / ".complete").touch()
    return made


def wheel(console: Console, where: Places, row: Wheel) -> Path:
    """A Python package as its index has it, or from the cache; its digest is checked each time."""
    folder = where.cache / "wheel" / row.sha256[:16]
    found = sorted(folder.glob("*.whl"))
    if not found and not console.dry_run:
        folder.mkdir(parents=True, exist_ok=True)
        line = folder / "requirements.txt"
        line.write_text(f"{row.name}=={row.version} --hash=sha256:{row.sha256}\n")
        console.step(
            f"pip-{row.name}",
            [
                *(sys.executable, "-m", "pip", "download", "--disable-pip-version-check"),
                *("--no-deps", "--only-binary=:all:", "--require-hashes"),
                *("--python-version", row.python, "--platform", row.platform),
                *("--dest", str(folder), "-r", str(line)),
            ],
            hint="it needs a package index this once",
        )
        found = sorted(folder.glob("*.whl"))
    if console.dry_run:
        return folder / "wheel"
    digest = hashlib.sha256(found[0].read_bytes()).hexdigest() if found else ""
    if digest != row.sha256:
        die(f"{row.name} {row.version}: digest {digest or 'missing'}", f"rm -r {folder}")
    return found[0]


def unpack(archive: Path) -> dict[str, bytes]:
    """The files of a wheel, at the paths that they are installed to."""
    with zipfile.ZipFile(archive) as content:
        return {
            f"{_MODULES}/{name}": content.read(name)
            for name in sorted(content.namelist())
            if not name.endswith("/")
        }


def run_half(tools: Path) -> dict[str, bytes]:
    """pycoconut as it is installed: without the folders of the build half."""
    package = tools / "pycoconut"
    barred = {package / name for name in _BUILD_HALF}
    found = {}
    for path in sorted(package.rglob("*")):
        if barred.isdisjoint(path.parents) and path.is_file() and "__pycache__" not in path.parts:
            found[f"{_MODULES}/{path.relative_to(tools).as_posix()}"] = path.read_bytes()
    return found
