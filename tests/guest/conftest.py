# SPDX-License-Identifier: Apache-2.0
"""What every scenario needs: a runner, static programs, and manifests that a guest accepts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import REPO, places
from pycoconut.kbuild.console import Console
from pycoconut.keys import SecretKey
from pycoconut.manifest import Manifest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def runner() -> Runner:
    """Boots guests from what this checkout has built."""
    where = places()
    return Runner(Console(where.logs, where.times), where)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Compiles a C file of tests/guest or tests/bench into a static program."""
    folder = tmp_path_factory.mktemp("programs")

    def build(source: str) -> Path:
        path = HERE.parent / source
        out = folder / path.stem
        if not out.exists():
            flags = ["-Wall", "-Wextra", "-Werror", "-O2", "-static", "-pthread"]
            include = ["-I", str(HERE / "common"), "-idirafter", str(REPO / "include/uapi")]
            subprocess.run(["gcc", *flags, *include, str(path), "-o", str(out)], check=True)
        return out

    return build


@dataclass(frozen=True)
class Authorizer:
    """A key, and the files that make a guest trust it."""

    key: SecretKey
    folder: Path

    @property
    def line(self) -> str:
        """What is written to /agent/policy/authorizers."""
        return f"add {self.key.public.raw.hex()} tests"

    def sign(self, manifest: Manifest) -> Path:
        """A file with the signed manifest."""
        path = self.folder / f"{manifest.name}.cose"
        path.write_bytes(manifest.sign(self.key))
        return path


@pytest.fixture
def authorizer(tmp_path: Path) -> Authorizer:
    """A new key for each test."""
    return Authorizer(SecretKey.make("tests"), tmp_path)


@pytest.fixture
def script(tmp_path: Path, authorizer: Authorizer) -> Callable[[str], Path]:
    """A busybox script for a guest in memory: the authorizer is trusted, then the body runs."""

    def write(body: str) -> Path:
        path = tmp_path / "script.sh"
        path.write_text(
            "set -e\n/bin/busybox --install -s /bin\n"
            f"echo '{authorizer.line}' >/agent/policy/authorizers\n{body}"
        )
        return path

    return write
