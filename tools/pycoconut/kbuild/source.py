# SPDX-License-Identifier: Apache-2.0
"""The base's source: the reader's own, then upstream's, then Debian's; checked, and kept."""

from __future__ import annotations

import hashlib
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pycoconut.kbuild.apt import Archive
from pycoconut.kbuild.base import Base, Places
from pycoconut.kbuild.console import Console, Failure, die

__all__ = ["Source", "check", "digest", "obtain", "version_of"]

_PATIENCE = 15.0
"""Seconds that a server may be silent."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Source:
    """What a tree is unpacked from: a tarball, or the top folder of a tree."""

    path: Path
    ident: str
    """Changes when what is unpacked would."""


def digest(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(path: Path, sha256: str) -> None:
    """Refuse a file that is not the one pinned."""
    found = digest(path)
    if found != sha256:
        die(
            f"{path}: SHA-256 is {found}, wanted {sha256}",
            f"rm {path} and run again; if it stays wrong, somebody changed it on the way",
        )


def version_of(makefile: str) -> tuple[int, int, int]:
    """(6, 12, 107) of the text of a kernel's top Makefile; Failure where there is none."""
    found = [re.search(rf"^{k} = (\d+)$", makefile, re.M) for k in ("VERSION", "PATCHLEVEL")]
    sub = re.search(r"^SUBLEVEL = (\d+)$", makefile, re.M)
    if not found[0] or not found[1] or not sub:
        die("no kernel version in the top Makefile", "COCONUT_SOURCE must be a Linux source tree")
    return int(found[0][1]), int(found[1][1]), int(sub[1])


def _own(path: Path, base: Base) -> Source:
    """The tree or tarball the reader named with COCONUT_SOURCE."""
    if path.is_dir():
        version = (
            version_of((path / "Makefile").read_text()) if (path / "Makefile").exists() else ()
        )
        pin = tuple(int(n) for n in base.version.split("."))
        if version[:2] != pin[:2] or version < pin:
            shown = ".".join(map(str, version)) or "no kernel"
            die(f"{path} is {shown}, wanted {base.series}.y from {base.version} on")
        if (path / ".config").exists():
            die(f"{path} has been built in", f"make -C {path} mrproper")
        return Source(path.absolute(), f"tree:{path.absolute()}:{'.'.join(map(str, version))}")
    if not path.exists():
        die(f"COCONUT_SOURCE={path}: no such file", "unset it to fetch the pinned source")
    if path.name == base.debian_file:
        check(path, base.debian_sha256)
    return Source(path.absolute(), digest(path))


def _listed(sums: str, name: str) -> str:
    """The digest that a list of `DIGEST  NAME` lines has for @name."""
    found = re.search(rf"^([0-9a-f]{{64}})  {re.escape(name)}$", sums, re.M)
    if not found:
        die(f"upstream's list has no {name}")
    return found[1]


def _upstream(console: Console, base: Base, into: Path) -> Path:
    """Upstream's tarball, checked against the list beside it."""
    name = base.upstream_url.rsplit("/", 1)[-1]
    target = into / name
    console.show(["curl", "-fLO", base.upstream_url])
    if console.dry_run:
        return target
    try:
        with urllib.request.urlopen(base.upstream_sums, timeout=_PATIENCE) as answer:
            wanted = _listed(answer.read(1 << 22).decode("utf-8", "replace"), name)
        partial = target.with_suffix(".part")
        with (
            urllib.request.urlopen(base.upstream_url, timeout=_PATIENCE) as answer,
            partial.open("wb") as out,
        ):
            while block := answer.read(_CHUNK):
                out.write(block)
    except (urllib.error.URLError, OSError) as error:
        raise Failure(f"upstream does not answer: {error}") from error
    check(partial, wanted)
    partial.rename(target)
    return target


def _note(path: Path) -> Path:
    """Where the digest of a tarball that is not the pin's is written down when it comes in."""
    return path.with_name(path.name + ".sha256")


def _cached(base: Base, into: Path) -> Source | None:
    """A tarball of an earlier run, its digest checked again."""
    debian = into / base.debian_file
    if debian.exists():
        check(debian, base.debian_sha256)
        return Source(debian, base.debian_sha256)
    for note in sorted(into.glob(f"linux[-_]{base.series}.*.sha256"), reverse=True):
        path, wanted = note.with_suffix(""), note.read_text().strip()
        if path.exists():
            check(path, wanted)
            return Source(path, wanted)
    return None


def _kept(path: Path) -> Source:
    """A tarball that has just come in, with its digest noted for the next run."""
    if not path.exists():
        return Source(path, "dry-run")
    ident = digest(path)
    _note(path).write_text(ident + "\n")
    return Source(path, ident)


def obtain(console: Console, base: Base, where: Places) -> Source:
    """The source to build from. Raises Failure when no way leads to one."""
    named = os.environ.get("COCONUT_SOURCE")
    if named:
        return _own(Path(named), base)
    into = where.sources
    if not console.dry_run:
        into.mkdir(parents=True, exist_ok=True)
    kept = _cached(base, into)
    if kept:
        return kept
    archive = Archive(console, base, where)
    ways: tuple[Callable[[], Path], ...] = (
        lambda: _upstream(console, base, into),
        lambda: archive.pin(into),
    )
    for way in ways:
        try:
            return _kept(way())
        except Failure as failure:
            console.say(f"  {failure.message}")
    newest = _kept(archive.newest(into))
    console.say(f"  the pin {base.version} is gone: going on with {newest.path.name}")
    return newest
