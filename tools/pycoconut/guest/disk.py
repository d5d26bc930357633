# SPDX-License-Identifier: Apache-2.0
"""A disk for a guest."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["ext4"]


def ext4(path: Path, size: int) -> Path:
    """Make a file with an empty ext4 in it; a file that was there is made anew.

    Args:
        path: The file.
        size: Its length in bytes; it takes only as much room as is written to it.

    Raises:
        subprocess.CalledProcessError: mkfs.ext4 refused, as for less than 64 KiB.
    """
    with path.open("wb") as file:
        file.truncate(size)
    subprocess.run(["/sbin/mkfs.ext4", "-qF", str(path)], check=True)
    return path
