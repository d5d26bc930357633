# SPDX-License-Identifier: Apache-2.0
"""A task of another agent asks its parent to trace it: PTRACE_TRACEME (CVE-2019-13272)."""

import os

from pycoconut import syscalls
from pycoconut.manifest import Manifest
from tests.escapes.kit import Denied, Escape, Stage, call

PTRACE_TRACEME = 0


def attempt(stage: Stage) -> object:
    manifest = Manifest("traced").sign(stage.key)
    child = os.fork()
    if child == 0:
        syscalls.spawn(manifest, enter=True)
        try:
            call("ptrace", PTRACE_TRACEME, 0, 0, 0)
        except OSError as error:
            os._exit(error.errno or 255)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))
    return "traced"


ESCAPE = Escape(
    attempt, "EPERM", Denied("task", "{child}/ptrace"), caps=("agent:children/0:spawn",)
)
