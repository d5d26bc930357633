# SPDX-License-Identifier: Apache-2.0
"""keep.py [late]: keeps the chain on a disk until the power goes. keep.py read: copies it.

Runs in a guest, as root. Writes /run/out/acked, the last record that the kernel was told is
durable, and /run/out/boot. The power goes some time after /run/out/cut is there: at once, or
`late`, once something is durable, however slow the machine is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pycoconut import syscalls
from pycoconut.agentfs import AgentFs
from pycoconut.caps import parse
from pycoconut.daemon import shards, writer
from pycoconut.daemon.paths import Paths
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest

PATHS = Paths(Path("/run/writer"))
OUT = Path("/run/out")
REQUEST = parse("svc:tool:web_fetch:use").encode()


def mount() -> None:
    for path in (PATHS.agent, PATHS.log, PATHS.run):
        path.mkdir(parents=True)
    subprocess.run(["mount", "--bind", "/agent", str(PATHS.agent)], check=True)
    subprocess.run(["mount", "-t", "ext4", "/dev/ubda", str(PATHS.log)], check=True)


def flood() -> None:
    """An agent that makes records for as long as there is power."""
    key = SecretKey.make("power")
    AgentFs().add_authorizer(PublicKey(key.public.raw, "power"))
    manifest = Manifest("power", "tests", capabilities=(parse("svc:tool:*:use"),)).sign(key)
    syscalls.spawn(manifest, enter=True)
    while True:
        syscalls.cap_present(0, REQUEST)


def keep() -> None:
    shards.SHARD_MAX = 256 << 10
    os._exit(writer.main([], PATHS))


def report() -> None:
    """What the kernel was told, again and again, to a file that is the host's."""
    fs, told = AgentFs(), "0"
    (OUT / "boot").write_text(fs.abi()["boot_id"])
    while True:
        persisted = fs.stats()["persisted_seq"]
        if persisted != told:
            (OUT / "acked.new").write_text(persisted)
            (OUT / "acked.new").rename(OUT / "acked")
            (OUT / "cut").touch()
            told = persisted


def main(words: list[str]) -> None:
    mount()
    if words == ["read"]:
        subprocess.run(["cp", "-a", str(PATHS.log), str(OUT / "log")], check=True)
        return
    for work in (flood, keep):
        if os.fork() == 0:
            try:
                work()
            finally:
                os._exit(1)
    if words != ["late"]:
        (OUT / "cut").touch()
    report()


if __name__ == "__main__":
    main(sys.argv[1:])
