# SPDX-License-Identifier: Apache-2.0
"""How far a long reading is: a bar for who waits at a terminal, nothing for anybody else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .. import audit

__all__ = ["reading"]

#: Seconds between two looks of the bar.
PAUSE = 0.1


@contextmanager
def reading(paths: Sequence[Path]) -> Iterator[audit.Progress | None]:
    """A bar on standard error while these logs are read, gone when they are; None: no terminal.

    Raises:
        LogError, OSError: A file is not there.
    """
    if not sys.stderr.isatty():
        yield None
        return
    # Late, for it takes longer to load than most commands take.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    sizes = [path.stat().st_size for path in audit.files(paths)]
    # Not by a thread of its own: processes are forked meanwhile.
    bar = Progress(
        TextColumn("verifying"),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(binary_units=True),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        auto_refresh=False,
        transient=True,
    )
    shown = time.monotonic()

    def told(done: int) -> None:
        nonlocal shown
        bar.update(task, completed=done)
        if time.monotonic() - shown >= PAUSE:
            bar.refresh()
            shown = time.monotonic()

    with bar:
        # A log of which the size is not known has no end to be near to.
        task = bar.add_task("verifying", total=sum(sizes) if all(sizes) else None)
        yield told
        bar.refresh()
