# SPDX-License-Identifier: Apache-2.0
"""A task of another agent is put into a process group, to be signalled with it."""

import os

from pycoconut import syscalls
from pycoconut.manifest import Manifest
from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    manifest = Manifest("grouped").sign(stage.key)
    ready, tell = os.pipe()
    end, finish = os.pipe()
    child = os.fork()
    if child == 0:
        syscalls.spawn(manifest, enter=True)
        os.write(tell, b"1")
        os.read(end, 1)
        os._exit(0)
    os.read(ready, 1)
    try:
        return os.setpgid(child, child)
    finally:
        os.write(finish, b"1")
        os.waitpid(child, 0)


ESCAPE = Escape(
    attempt, "EPERM", Denied("task", "{child}/process group"), caps=("agent:children/0:spawn",)
)
