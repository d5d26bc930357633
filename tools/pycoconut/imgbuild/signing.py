# SPDX-License-Identifier: Apache-2.0
"""The manifests of the image's services, signed by the key of who builds it.

The key stays in the builder's cache and never enters the image; its public half
does, as an authorizer. Ed25519 signs deterministically: one key and one tree
give one image.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pycoconut.kbuild.console import Failure

__all__ = ["LABEL", "public_key", "sign"]

LABEL = "image"

# The run half does it, as a program: neither half imports the other.
_NEW = """
import sys
from pathlib import Path
from pycoconut.keys import SecretKey
SecretKey.make(sys.argv[2]).write(Path(sys.argv[1]))
"""
_SIGN = """
import sys
from pathlib import Path
from pycoconut import manifest
from pycoconut.keys import SecretKey
signed = manifest.load(Path(sys.argv[2])).sign(SecretKey.read(Path(sys.argv[1])))
sys.stdout.buffer.write(signed)
"""


def _run(program: str, *words: str, tools: Path) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "PYTHONPATH": str(tools)},
        capture_output=True,
    )
    if done.returncode:
        raise Failure(f"signing failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _key(cache: Path, tools: Path) -> Path:
    """The builder's key, made the first time."""
    path = cache / "keys" / LABEL
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _run(_NEW, str(path), LABEL, tools=tools)
    return path


def public_key(cache: Path, tools: Path) -> bytes:
    """A line of /etc/coconut/authorizers.d."""
    key = _key(cache, tools)
    return key.with_name(key.name + ".pub").read_bytes()


def sign(manifest: Path, cache: Path, tools: Path) -> bytes:
    """The signed manifest of a YAML file.

    Raises:
        Failure: What is wrong with it.
    """
    return _run(_SIGN, str(_key(cache, tools)), str(manifest), tools=tools)
