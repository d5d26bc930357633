# SPDX-License-Identifier: Apache-2.0
"""What runs outside every agent: the operator's consoles, and the hypervisor's channel."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pycoconut.daemon import process
from pycoconut.daemon.process import Process

__all__ = ["Keeper", "Kept", "consoles"]

CHANNEL = "org.coconut.channel"
"""Name of the virtio port that a hypervisor gives a machine to be commanded by."""

BACKOFF = 1.0

_CONSOLE = re.compile(r"tty(S|hvc|USB|AMA)?[0-9]{1,3}|hvc[0-9]")


@dataclass
class Kept:
    """A program that is started again whenever it ends."""

    name: str
    argv: list[str]
    process: Process | None = None
    due: float = 0.0
    hang_up: bool = True
    """Does it end when the system begins to?"""


def consoles(table: Path, dev: Path) -> Iterator[Kept]:
    """One login on each terminal of the table that this machine has."""
    if not table.exists():
        return
    for line in table.read_text(errors="replace").splitlines():
        words = line.split("#", 1)[0].split()
        if not words or not _CONSOLE.fullmatch(words[0]) or not (dev / words[0]).exists():
            continue
        if words[0].startswith("ttyS") and not _has_port(words[0]):
            continue
        term = words[1] if len(words) > 1 else "linux"
        yield Kept(words[0], ["/sbin/agetty", "-8L", "--noclear", words[0], "115200", term])


def _has_port(name: str) -> bool:
    """The driver shows four serial ports, wired or not: type 0 is none."""
    kind = Path(f"/sys/class/tty/{name}/type")
    return not kind.exists() or kind.read_text().strip() != "0"


def channel(sys: Path, dev: Path) -> Iterator[Kept]:
    """The port, where the hypervisor gave one."""
    ports = sys / "class/virtio-ports"
    for path in sorted(ports.iterdir()) if ports.is_dir() else ():
        if (path / "name").exists() and (path / "name").read_text().strip() == CHANNEL:
            argv = ["/usr/bin/python3", "-IB", "-m", "pycoconut.daemon.channel"]
            yield Kept("channel", [*argv, str(dev / path.name)])


class Keeper:
    """Keeps them running, over the daemon's own death too."""

    def __init__(self, run: Path, kept: list[Kept]) -> None:
        self._run = run
        self._kept = kept
        run.mkdir(mode=0o750, parents=True, exist_ok=True)
        for one in kept:
            one.process = process.find(self._note(one))

    def _note(self, one: Kept) -> Path:
        return self._run / f"{one.name}.pid"

    def tick(self, now: float) -> float:
        """Start what is not there; return when to be called again."""
        for one in self._kept:
            if (one.process and one.process.alive()) or one.due > now:
                continue
            one.process = process.start(one.argv, None, lambda: None)
            one.due = now + BACKOFF
            if one.process:
                process.note(self._note(one), one.process)
        return now + BACKOFF

    def process(self, name: str) -> Process | None:
        """The process of that name; None where it is not there."""
        return next((one.process for one in self._kept if one.name == name), None)

    def stop(self) -> None:
        """Hang up, as when a terminal goes away; the session's programs are told with it."""
        for one in self._kept:
            if one.process and one.hang_up:
                one.process.send(signal.SIGHUP)
