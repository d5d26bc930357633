# SPDX-License-Identifier: Apache-2.0
"""A descriptor is taken out of a process outside: pidfd_getfd."""

import os

from tests.escapes.kit import Denied, Escape, Stage, syscall

PIDFD_GETFD = 438


def prepare(stage: Stage) -> int:
    fd = os.open(stage.secret, os.O_RDONLY)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    pidfd = os.pidfd_open(stage.supervisor)
    return os.read(syscall(PIDFD_GETFD, pidfd, stage.given, 0), 99)


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/ptrace"), prepare=prepare)
