# SPDX-License-Identifier: Apache-2.0
"""`make demo`: the image boots, and an agent is spawned, confined and audited while one watches.

What is shown is what a script in the image does, /usr/share/coconut/demo/run; each
of its steps checks the exit status that it got, and the script's own comes back
over the channel. Nothing is matched in a log.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pycoconut.guest.kvm import Accel
from pycoconut.imgbuild.machine import booted
from pycoconut.kbuild.console import Console

__all__ = ["SCRIPT", "play"]

SCRIPT = "/usr/share/coconut/demo/run"
TIMEOUT = 600.0


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def play(console: Console, iso: Path, accel: Accel, *, uefi: bool = False) -> int:
    """Boot @iso and run the script; 0 where every step went as it should, the power-off too."""
    started = time.monotonic()
    console.say(f"accelerator: {accel.name} ({accel.why})")
    with booted(console, iso, accel, console.logs / "demo-console.log", uefi=uefi) as machine:
        done = machine.run([SCRIPT], timeout=TIMEOUT, show=_print)
        off = machine.run(["poweroff"])
        ended = machine.ended()
    console.say(f"demo: {time.monotonic() - started:.0f} s from power on to power off")
    if done.status:
        console.say(f"demo: a step failed (status {done.status})")
        console.say(f"  hint: the machine's console is in {console.logs / 'demo-console.log'}")
    return done.status or off.status or ended
