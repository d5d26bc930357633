# SPDX-License-Identifier: Apache-2.0
"""Guest definitions: one small TOML each in qemu/."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pycoconut.kbuild.base import REPO
from pycoconut.kbuild.console import Failure, die

__all__ = ["KINDS", "Guest", "guests", "load"]

KINDS = ("uml", "direct", "vng", "iso")
"""uml: a process. direct: QEMU with our kernel and small root. vng: QEMU through
virtme-ng. iso: QEMU from firmware on."""


@dataclass(frozen=True)
class Guest:
    """A machine. @memory in MiB; @timeout in seconds, power on to power off, under TCG."""

    name: str
    kind: str
    about: str
    kernel: str = "vm"
    root: str = "host"
    """host: the host's root below an overlay; memory: busybox and the job's files."""
    memory: int = 512
    smp: int = 1
    firmware: str = "bios"
    timeout: float = 300.0
    tpm: bool = False
    """A TPM 2, which swtpm emulates: one of its own for each run, unless the job has one."""
    machine: tuple[str, ...] = ()
    """Words for QEMU's command line."""
    boot: tuple[str, ...] = ()
    """Words for the kernel's."""


def load(path: Path) -> Guest:
    """Read one definition. Raises Failure for a key or a kind that is not known."""
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text())
    except FileNotFoundError:
        die(f"no guest {path.stem!r}", "one of: " + ", ".join(sorted(guests(path.parent))))
    except tomllib.TOMLDecodeError as error:
        raise Failure(f"{path}: {error}") from error
    known = {f.name for f in fields(Guest)} - {"name"}
    unknown = sorted(data.keys() - known)
    if unknown:
        die(f"{path}: no such key: {unknown[0]}", "keys: " + ", ".join(sorted(known)))
    if data.get("kind") not in KINDS:
        die(f"{path}: kind is {data.get('kind')!r}", "one of: " + ", ".join(KINDS))
    if "about" not in data:
        die(f"{path}: no about", "say in a line what this guest is for")
    rows: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    return Guest(name=path.stem, **rows)


def guests(folder: Path = REPO / "qemu") -> list[str]:
    """The names of all definitions."""
    return sorted(path.stem for path in folder.glob("*.toml"))
