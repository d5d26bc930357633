# SPDX-License-Identifier: Apache-2.0
"""A process is born in another cgroup, without a write to cgroup.procs: clone3."""

import os
import signal
import struct
import subprocess

from tests.escapes.kit import Denied, Escape, Stage, syscall

CLONE3 = 435
CLONE_INTO_CGROUP = 0x200000000


def prepare(stage: Stage) -> str:
    groups = stage.top / "groups"
    groups.mkdir()
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", str(groups)], check=True)
    stage.later.callback(subprocess.run, ["umount", "-l", str(groups)], check=True)
    (groups / "escape").mkdir()
    stage.later.callback((groups / "escape").rmdir)
    return str(groups / "escape")


def attempt(stage: Stage) -> object:
    group = os.open(stage.given, os.O_PATH | os.O_DIRECTORY)
    args = struct.pack("11Q", CLONE_INTO_CGROUP, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, group)
    child = syscall(CLONE3, args, len(args))
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return "born elsewhere"


ESCAPE = Escape(attempt, "EPERM", Denied("task", "clone into a cgroup"), prepare=prepare)
