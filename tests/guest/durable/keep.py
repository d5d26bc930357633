# SPDX-License-Identifier: Apache-2.0
"""keep.py DISK: starts the writer of the chain, on a disk of its own. In a guest, as root."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from pycoconut.daemon import writer
from pycoconut.daemon.paths import Paths

__all__ = ["keep"]

PATHS = Paths(Path("/run/writer"))
PATIENCE = 60.0


def keep(disk: str) -> None:
    """Return once it writes; it does so for as long as the guest is there."""
    for path in (PATHS.agent, PATHS.log, PATHS.run):
        path.mkdir(parents=True)
    subprocess.run(["mount", "--bind", "/agent", str(PATHS.agent)], check=True)
    subprocess.run(["mount", "-t", "ext4", disk, str(PATHS.log)], check=True)
    if os.fork() == 0:
        os._exit(writer.main([], PATHS))
    end = time.monotonic() + PATIENCE
    while not PATHS.writer.exists() and time.monotonic() < end:
        time.sleep(0.05)


if __name__ == "__main__":
    keep(sys.argv[1])
