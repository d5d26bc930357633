# SPDX-License-Identifier: Apache-2.0
"""Faults of the kernel wait for the agent: userfaultfd, which races are won with."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

USERFAULTFD = 323


def attempt(_stage: Stage) -> object:
    return syscall(USERFAULTFD, 0)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_ptrace"))
