# SPDX-License-Identifier: Apache-2.0
"""The pins of base.toml, and the places where things are kept."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycoconut.kbuild.console import Failure

__all__ = ["REPO", "Base", "Places", "load_base", "places"]

REPO = Path(__file__).resolve().parents[3]
"""The repository that this file stands in."""


@dataclass(frozen=True)
class Base:
    """base.toml, typed."""

    version: str
    series: str
    epoch: int
    upstream_url: str
    upstream_sums: str
    debian_file: str
    debian_sha256: str
    debian_package: str
    suites: tuple[str, ...]
    security_suites: tuple[str, ...]
    suite: str
    stock_package: str
    stock_suites: tuple[str, ...]
    stock_security_suites: tuple[str, ...]
    rooms: tuple[str, ...]
    packages: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Places:
    """Where sources, caches, trees and logs are. Nothing is written outside these."""

    repo: Path
    build: Path
    cache: Path

    @property
    def logs(self) -> Path:
        """Full output of every long step."""
        return self.build / "log"

    @property
    def sources(self) -> Path:
        """Tarballs, kept by name."""
        return self.cache / "source"

    @property
    def times(self) -> Path:
        """How long each step took the last time."""
        return self.cache / "times.json"


def load_base(path: Path = REPO / "base.toml") -> Base:
    """Read the pins. Raises Failure where a key is missing or the file is no TOML."""
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text())
        linux = data["linux"]
        return Base(
            version=linux["version"],
            series=linux["series"],
            epoch=int(linux["epoch"]),
            upstream_url=linux["upstream"]["url"],
            upstream_sums=linux["upstream"]["sums"],
            debian_file=linux["debian"]["file"],
            debian_sha256=linux["debian"]["sha256"],
            debian_package=linux["debian"]["package"],
            suites=tuple(linux["debian"]["suites"]),
            security_suites=tuple(linux["debian"]["security_suites"]),
            suite=data["debian"]["suite"],
            stock_package=data["stock"]["package"],
            stock_suites=tuple(data["stock"]["suites"]),
            stock_security_suites=tuple(data["stock"]["security_suites"]),
            rooms=tuple(data["rooms"]["paths"]),
            packages={k: tuple(v) for k, v in data["packages"].items()},
        )
    except KeyError as missing:
        raise Failure(f"{path}: no key {missing}", "git diff base.toml") from missing
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Failure(f"{path}: {error}", "git checkout base.toml") from error


def places(repo: Path = REPO) -> Places:
    """The places of this checkout; COCONUT_CACHE moves the cache."""
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "coconut"
    cache = Path(os.environ.get("COCONUT_CACHE", home)).expanduser().absolute()
    return Places(repo=repo, build=repo / "build", cache=cache)
