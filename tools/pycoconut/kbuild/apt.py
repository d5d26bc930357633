# SPDX-License-Identifier: Apache-2.0
"""Debian's archive through apt's own client, with a configuration of our own and without root."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pycoconut.kbuild.base import Base, Places
from pycoconut.kbuild.console import Console, Failure, die

__all__ = ["Archive", "Mirrors", "kernels", "mirrors", "newest_first"]

_HELPER = "/usr/lib/apt/apt-helper"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class Mirrors:
    """The two halves of Debian's archive, as this machine reaches them."""

    main: str
    security: str


def _source_files(etc: Path) -> Iterator[Path]:
    yield etc / "sources.list"
    for suffix in ("*.list", "*.sources"):
        yield from sorted((etc / "sources.list.d").glob(suffix))


def mirrors(etc: Path = Path("/etc/apt")) -> Mirrors:
    """Where the machine's own sources (both of apt's formats) say that Debian is.

    Raises Failure where none names Debian's archive.
    """
    found: dict[str, str] = {}
    for path in _source_files(etc):
        if not path.exists():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.lstrip().startswith("#"):
                continue
            for uri in re.findall(r"(?:https?|file|copy)://?\S+", line):
                name = uri.rstrip("/").rsplit("/", 1)[-1]
                if name in ("debian", "debian-security"):
                    found.setdefault(name, uri.rstrip("/"))
    if "debian" not in found:
        die(
            "apt's sources name no Debian archive",
            "name the kernel source yourself: COCONUT_SOURCE=linux-6.12.x.tar.xz make uml",
        )
    main = found["debian"]
    return Mirrors(main, found.get("debian-security", main + "-security"))


def kernels(shown: str) -> list[str]:
    """Kernel packages that versions of a metapackage depend on, newest first.

    @shown is what `apt-cache show --all-versions` prints, newest first.
    """
    found = re.findall(r"^Depends: .*?\b(linux-image-[0-9][\w.+-]*)", shown, re.M)
    return list(dict.fromkeys(found))


def newest_first(sources: str, series: str) -> list[tuple[str, str]]:
    """(source version, tarball) of a Sources index that are of @series, newest first.

    @sources is what `apt-cache showsrc` prints.
    """
    found: dict[tuple[int, ...], tuple[str, str]] = {}
    for entry in sources.split("\n\n"):
        version = re.search(r"^Version: (\S+)$", entry, re.M)
        file = re.search(r"\s(\S+\.orig\.tar\.xz)$", entry, re.M)
        if not version or not file:
            continue
        number = re.match(rf"({re.escape(series)}(?:\.\d+)*)(?!\d)", version[1])
        if number:
            found[tuple(int(n) for n in number[1].split("."))] = (version[1], file[1])
    return [found[key] for key in sorted(found, reverse=True)]


@dataclass(frozen=True)
class Archive:
    """A private view of the archive: own lists, own cache, the machine's own proxies and keys."""

    console: Console
    base: Base
    where: Places

    @property
    def _root(self) -> Path:
        return self.where.cache / "apt"

    def pin(self, into: Path) -> Path:
        """Fetch the pinned tarball, its digest checked; Failure where the archive has lost it."""
        there = mirrors()
        name = f"main/{self.base.debian_package[0]}/{self.base.debian_package}"
        file = self.base.debian_file
        target = into / file
        last = ""
        for uri in (
            f"{there.security}/pool/updates/{name}/{file}",
            f"{there.main}/pool/{name}/{file}",
        ):
            try:
                self.console.step(
                    "fetch",
                    [
                        _HELPER,
                        "download-file",
                        uri,
                        str(target),
                        f"SHA256:{self.base.debian_sha256}",
                    ],
                )
            except Failure as failure:
                last = failure.message
                continue
            return target
        die(f"the archive has no {file}: {last}", "COCONUT_SOURCE=<tarball> names your own copy")

    def _write_configuration(
        self, kind: str, suites: Sequence[str], security_suites: Sequence[str]
    ) -> list[str]:
        """Set up the private lists (@kind: deb or deb-src); return what makes apt use them."""
        there = mirrors()
        for part in (f"lists-{kind}/partial", "cache/archives/partial"):
            (self._root / part).mkdir(parents=True, exist_ok=True)
        signed = f" [signed-by={_KEYRING}]" if _KEYRING.exists() else ""
        rows = [f"{kind}{signed} {there.main} {suite} main" for suite in suites]
        rows += [f"{kind}{signed} {there.security} {suite} main" for suite in security_suites]
        (self._root / f"{kind}.list").write_text("\n".join(rows) + "\n")
        return [
            "-o", f"Dir::Etc::sourcelist={self._root}/{kind}.list",
            "-o", "Dir::Etc::sourceparts=/dev/null",
            "-o", f"Dir::State::lists={self._root}/lists-{kind}",
            "-o", f"Dir::Cache={self._root}/cache",
            "-o", "APT::Get::List-Cleanup=false",
        ]  # fmt: skip

    def newest(self, into: Path) -> Path:
        """Fetch the newest tarball of the series that really downloads.

        An index can name versions whose files are gone. apt has checked each
        digest against the archive's signature.
        """
        options = self._write_configuration("deb-src", self.base.suites, self.base.security_suites)
        self.console.step("apt-update", ["apt-get", *options, "update"])
        if self.console.dry_run:
            return into / "linux.orig.tar.xz"
        package = self.base.debian_package
        known = self.console.read(["apt-cache", *options, "showsrc", package])
        for version, file in newest_first(known, self.base.series):
            try:
                self.console.step(
                    "fetch",
                    ["apt-get", *options, "source", "--download-only", "--tar-only",
                     f"{package}={version}"],
                    cwd=into,
                )  # fmt: skip
            except Failure as failure:
                self.console.say(f"  {version} does not download: {failure.message}")
                continue
            return into / file
        die(
            f"no {self.base.series}.y source downloads from the archive",
            "COCONUT_SOURCE=<tarball or tree> names your own copy",
        )

    def stock(self, into: Path) -> Path:
        """Fetch the newest package with a kernel as Debian ships it that really downloads."""
        options = self._write_configuration(
            "deb", self.base.stock_suites, self.base.stock_security_suites
        )
        self.console.step("apt-update", ["apt-get", *options, "update"])
        package = self.base.stock_package
        shown = self.console.read(["apt-cache", *options, "show", "--all-versions", package])
        for name in kernels(shown):
            try:
                self.console.step("fetch", ["apt-get", *options, "download", name], cwd=into)
            except Failure as failure:
                self.console.say(f"  {name} does not download: {failure.message}")
                continue
            return max(into.glob(f"{name}_*.deb"), key=lambda path: path.stat().st_mtime)
        die(f"no {package} downloads from the archive", f"put a {package} .deb into {into}")
