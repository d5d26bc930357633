# SPDX-License-Identifier: Apache-2.0
"""image/image.toml, typed."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycoconut.kbuild.base import REPO
from pycoconut.kbuild.console import Failure

__all__ = ["IMAGE", "Profile", "Recipe", "Wheel", "load_recipe"]

IMAGE = REPO / "image"
"""The room of the recipe and of what it installs."""

_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*")


@dataclass(frozen=True)
class Wheel:
    """A Python package from an index, exact."""

    name: str
    version: str
    python: str
    platform: str
    sha256: str


@dataclass(frozen=True)
class Profile:
    """An entry of the boot menu; @name is a policy template's."""

    name: str
    title: str


@dataclass(frozen=True)
class Recipe:
    """What goes into the image and what stays out."""

    packages: tuple[str, ...]
    strip: tuple[str, ...]
    keep_doc: str
    wheels: tuple[Wheel, ...]
    cmdline: str
    timeout: int
    profiles: tuple[Profile, ...]


def load_recipe(path: Path = IMAGE / "image.toml") -> Recipe:
    """Read the recipe. Raises Failure where a key is missing, or a name could be an option."""
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text())
        root, boot = data["root"], data["boot"]
        recipe = Recipe(
            packages=tuple(sorted(root["packages"])),
            strip=tuple(root["strip"]),
            keep_doc=root["keep_doc"],
            wheels=tuple(Wheel(**row) for row in root["wheel"]),
            cmdline=boot["cmdline"],
            timeout=int(boot["timeout"]),
            profiles=tuple(Profile(**row) for row in boot["profile"]),
        )
    except KeyError as missing:
        raise Failure(f"{path}: no key {missing}", f"git diff {path}") from missing
    except (OSError, TypeError, tomllib.TOMLDecodeError) as error:
        raise Failure(f"{path}: {error}", f"git diff {path}") from error
    for name in recipe.packages:
        if not _NAME.fullmatch(name):
            raise Failure(f"{path}: {name!r} is no package name", f"git diff {path}")
    return recipe
