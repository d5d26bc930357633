# SPDX-License-Identifier: Apache-2.0
"""What the operator decided, from /etc/coconut into the kernel: keys, seal, templates, limits."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from pycoconut import abi

__all__ = ["authorizers", "install_authorizers", "install_limits", "install_templates"]

TEMPLATE_MAX = 64 << 10
AUTHORIZERS_MAX = 256

_LINE = re.compile(r"([0-9a-f]{64})(?:\s+([\x21-\x7e]{1,64}))?\s*")
_LIMIT = re.compile(r"([a-z_]{1,32})\s+([0-9]{1,10})")
_TEMPLATE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def authorizers(folder: Path, complain: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    """Key in hex and label, of every line of every *.pub; what is neither is told."""
    for path in sorted(folder.glob("*.pub")):
        for line in path.read_text(errors="replace").splitlines():
            text = line.split("#", 1)[0].strip()
            found = _LINE.fullmatch(text)
            if found:
                yield found[1], found[2] or path.stem
            elif text:
                complain(f"{path}: not a key and a label: {text[:80]!r}")


def install_authorizers(
    folder: Path, policy: Path, complain: Callable[[str], None]
) -> tuple[int, bool]:
    """Tell the kernel whose manifests count, and then that this is all.

    Returns:
        How many keys were added; whether it was this call that sealed the keyring.
        (0, False) where it was sealed before: the daemon before this one did it.
    """
    target = policy / "authorizers"
    if target.read_text().startswith("sealed"):
        return 0, False
    count = 0
    fd = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for key, label in list(authorizers(folder, complain))[:AUTHORIZERS_MAX]:
            try:
                os.write(fd, f"add {key} {label}\n".encode())
                count += 1
            except OSError as error:
                complain(f"authorizer {label}: {error}")
        fcntl.ioctl(fd, abi.IOC_SEAL)
    finally:
        os.close(fd)
    return count, True


def install_templates(
    folder: Path, policy: Path, profile: str, complain: Callable[[str], None]
) -> None:
    """Put the templates where programs read them; `default` is the profile's."""
    for path in sorted(folder.glob("*.caps")):
        if not _TEMPLATE.fullmatch(path.stem) or path.stat().st_size > TEMPLATE_MAX:
            complain(f"{path}: no name for a template, or longer than {TEMPLATE_MAX} bytes")
            continue
        text = path.read_bytes()
        names = [path.stem, "default"] if path.stem == profile else [path.stem]
        for name in names:
            try:
                (policy / "caps" / name).write_bytes(text)
            except OSError as error:
                complain(f"template {name}: {error}")


def install_limits(path: Path, policy: Path, complain: Callable[[str], None]) -> None:
    """Set the limits that a file has, a name and a number a line; what is neither is told."""
    if not path.exists():
        return
    for line in path.read_text(errors="replace").splitlines():
        text = line.split("#", 1)[0].strip()
        found = _LIMIT.fullmatch(text)
        if not found:
            if text:
                complain(f"{path}: not a limit and a number: {text[:80]!r}")
            continue
        try:
            with (policy / "limits").open("wb", buffering=0) as file:
                file.write(f"{found[1]} {found[2]}\n".encode())
        except OSError as error:
            complain(f"{path}: {text}: {error}")
