# SPDX-License-Identifier: Apache-2.0
"""Keeps the chain on disk: `python3 -I -B -m pycoconut.daemon.writer [end]`.

A process of its own, so that a disk that stalls stops nobody but those for whom there
is no room left. The daemon starts it again when it ends, and it outlives the daemon.
SIGTERM ends it; SIGUSR2, or the word `end`, closes the chain first, after which no
agent acts: for the end of the system only.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pycoconut.daemon.closed import Closed, keep_bytes
from pycoconut.daemon.live import Agents
from pycoconut.daemon.paths import Paths
from pycoconut.daemon.persister import Persister
from pycoconut.daemon.say import say
from pycoconut.daemon.shards import ShardError
from pycoconut.errors import CoconutError

__all__ = ["Writer", "main"]

DISK_RETRY = 1.0
"""Seconds after which a disk that took nothing is tried again."""
END_GRACE = 8.0
"""Seconds that the end of the chain may take to be durable."""


class Writer:
    """One run of it."""

    def __init__(self, persister: Persister, closed: Closed, status: Path) -> None:
        self.persister = persister
        self.closed = closed
        self.status = status
        self.why = ""
        self.held_since = 0.0
        self.held = 0
        self.retry_at = 0.0

    # ---- what an operator sees ----

    def _tell(self, state: str) -> None:
        """Replace the status file; it is in memory, and nothing depends on it."""
        text = f"state {state}\nheld {self.held}\n" + (f"why {self.why}\n" if self.why else "")
        new = self.status.with_suffix(".new")
        new.write_text(text)
        new.rename(self.status)

    def _hold(self, error: OSError | ShardError, now: float) -> None:
        self.retry_at = now + DISK_RETRY
        if self.why:
            return
        self.why, self.held_since = str(error), now
        self.held += 1
        say(
            f"the chain cannot be written: {error}; it is kept in memory, and agents wait "
            f"when that is full"
        )
        self._tell("held")

    def _go_on(self, now: float) -> None:
        if self.why:
            say(f"the chain is written again, after {now - self.held_since:.0f} s")
            self.why = ""
        self._tell("writing")

    # ---- running ----

    def pump(self) -> int:
        """One turn: bytes taken; 0 where there are none or the disk took none."""
        now = time.monotonic()
        if now < self.retry_at:
            return 0
        before = self.persister.shard
        try:
            taken = self.persister.pump()
        except (OSError, ShardError) as error:
            self._hold(error, now)
            return 0
        if self.why or before is None:
            self._go_on(now)
        self.closed.tick(now, ended=self.persister.shard != before)
        return taken

    def wait(self, wake: int) -> None:
        """Until there is something to write, a signal came, or the disk is tried again."""
        held = max(0.0, self.retry_at - time.monotonic())
        files = [wake] if held else [wake, self.persister.fileno()]
        ready = select.select(files, [], [], held or 1.0)[0]
        if wake in ready:
            os.read(wake, 64)

    def end(self) -> None:
        """Close the chain, and keep all of it if the disk lets us."""
        self.closed.stop()
        # What a boot says of the one before it must stand before its own end.
        self.pump()
        try:
            self.persister.close_chain()
        except OSError as error:
            say(f"the last seal could not be made: {error}")
        until = time.monotonic() + END_GRACE
        while time.monotonic() < until:
            if not self.pump() and not self.why:
                break
            if self.why:
                time.sleep(0.1)
        if self.why:
            say(f"the end of the chain is not on the disk: {self.why}")
        self._tell("ended")


def _catch(wanted: list[int]) -> int:
    """Signals wake the loop, and nothing else; the read end of what wakes it."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def note(number: int, _: object) -> None:
        wanted.append(number)

    for number in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, note)
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    return reading


def _open(paths: Paths, tell: Callable[[str], None]) -> Writer:
    boot = Agents(paths.agent).boot_id()
    persister = Persister(paths.chain, paths.log, boot, tell)
    rotated = paths.agent / "audit/rotated"
    closed = Closed(paths.log, boot, rotated, keep_bytes(paths.etc / "audit"), tell)
    paths.run.mkdir(mode=0o755, parents=True, exist_ok=True)
    return Writer(persister, closed, paths.writer)


def _unkillable() -> None:
    """When memory is short everything else goes first: without us nobody may act."""
    Path("/proc/self/oom_score_adj").write_text("-1000")


def main(words: list[str], paths: Paths | None = None) -> int:
    """Run it; return its status. Whatever ends it, the daemon starts it again."""
    wanted = [int(signal.SIGUSR2)] if words == ["end"] else []
    wake = _catch(wanted)
    try:
        _unkillable()
        writer = _open(paths or Paths(), say)
    except (OSError, CoconutError) as error:
        say(f"the chain is not kept: {error}")
        return 1
    while not wanted:
        if not writer.pump():
            writer.wait(wake)
    if signal.SIGUSR2 in wanted:
        writer.end()
    writer.closed.stop()
    writer.persister.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
