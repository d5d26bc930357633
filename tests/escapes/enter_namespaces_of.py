# SPDX-License-Identifier: Apache-2.0
"""All namespaces of a process outside are entered by its pidfd: setns (nsenter -t 1)."""

import os

from tests.escapes.kit import Denied, Escape, Stage, call

CLONE_NEWNS = 0x20000


def attempt(stage: Stage) -> object:
    return call("setns", os.pidfd_open(stage.supervisor), CLONE_NEWNS)


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/ptrace"))
