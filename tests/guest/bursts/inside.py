# SPDX-License-Identifier: Apache-2.0
"""inside.py PROGRAM SECONDS STALL: records in bursts, while their writer is stopped and killed.

Runs in a guest, as root. Its disk holds the log at the end, closed. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pycoconut.agentfs import AgentFs
from pycoconut.caps import parse
from pycoconut.daemon import writer
from pycoconut.daemon.paths import Paths
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest

FS = AgentFs()
PATHS = Paths(Path("/run/writer"))
DISK = "/dev/vda"
AGENTS = 8
HELD, LACKED = "svc:tool:web_fetch:use", "svc:tool:shell:use"
STALLED = 0.2
"""How many of the blows are a disk that stalls; the rest kill the writer."""
WRITTEN = 0.5
"""How many of the writers are killed only once they have written something."""
BETWEEN = 2.0
"""Seconds between two blows, at most."""
PATIENCE = 300.0


def mount() -> None:
    for path in (PATHS.agent, PATHS.log, PATHS.run):
        path.mkdir(parents=True)
    subprocess.run(["mount", "--bind", "/agent", str(PATHS.agent)], check=True)
    subprocess.run(["mount", "-t", "ext4", DISK, str(PATHS.log)], check=True)


def run(*words: str) -> int:
    """The writer in a process of its own, without a new interpreter."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(writer.main(list(words), PATHS))
        finally:
            os._exit(99)
    return pid


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, FS.stats()
        time.sleep(0.1)


def stat(name: str) -> int:
    return int(FS.stats()[name])


def producers(program: str, seconds: str) -> subprocess.Popen[str]:
    key = SecretKey.make("bursts")
    FS.add_authorizer(PublicKey(key.public.raw, "bursts"))
    folder = Path("/tmp")
    (folder / "manifest").write_bytes(
        Manifest("bursts", "tests", capabilities=(parse(HELD),)).sign(key)
    )
    (folder / "held").write_bytes(parse(HELD).encode())
    (folder / "lacked").write_bytes(parse(LACKED).encode())
    argv = [program, *(str(folder / name) for name in ("manifest", "held", "lacked"))]
    return subprocess.Popen([*argv, str(AGENTS), seconds], stdout=subprocess.PIPE, text=True)


def writes_on(busy: subprocess.Popen[str], written: int) -> None:
    """Returns once more than that is durable, or nobody makes records any more."""
    until(lambda: stat("persisted_seq") > written or busy.poll() is not None)


def main(program: str, seconds: str, stall: str) -> None:
    mount()
    dice = random.Random(4)
    kills = stalls = 0
    keeper = run()
    busy = producers(program, seconds)
    began = time.monotonic()
    while time.monotonic() - began < float(seconds):
        written = stat("persisted_seq")
        time.sleep(dice.uniform(0.0, BETWEEN))
        if dice.random() < STALLED:
            os.kill(keeper, signal.SIGSTOP)
            time.sleep(float(stall))
            os.kill(keeper, signal.SIGCONT)
            stalls += 1
            continue
        # One that never lives for long enough to write anything would stop all of them.
        if dice.random() < WRITTEN:
            writes_on(busy, written)
        kill(keeper)
        keeper = run()
        kills += 1
    busy.wait(PATIENCE)
    took = time.monotonic() - began
    until(lambda: stat("persisted_seq") >= stat("recorded") - 1)
    kill(keeper)
    ended = os.waitstatus_to_exitcode(os.waitpid(run("end"), 0)[1])
    # A writer that was killed leaves behind who compresses for it.
    umount = ["umount", str(PATHS.log)]
    until(lambda: subprocess.run(umount, stderr=subprocess.DEVNULL, check=False).returncode == 0)
    made = dict(word.split("=") for word in (busy.stdout or sys.stdin).read().split())
    figures = {name: stat(name) for name in ("recorded", "sealed", "lost", "waits")}
    told = {"kills": kills, "stalls": stalls, "seconds": took, "ended": ended}
    print(json.dumps({**figures, **told, **{name: int(n) for name, n in made.items()}}))
    sys.exit(busy.returncode)


if __name__ == "__main__":
    main(*sys.argv[1:])
