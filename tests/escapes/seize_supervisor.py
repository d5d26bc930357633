# SPDX-License-Identifier: Apache-2.0
"""The process that made the agent is traced without being stopped: PTRACE_SEIZE."""

from tests.escapes.kit import Denied, Escape, Stage, call

PTRACE_SEIZE = 0x4206


def attempt(stage: Stage) -> object:
    return call("ptrace", PTRACE_SEIZE, stage.supervisor, 0, 0)


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/ptrace"))
