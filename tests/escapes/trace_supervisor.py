# SPDX-License-Identifier: Apache-2.0
"""The process that made the agent is traced: PTRACE_ATTACH."""

from tests.escapes.kit import Denied, Escape, Stage, call

PTRACE_ATTACH = 16


def attempt(stage: Stage) -> object:
    return call("ptrace", PTRACE_ATTACH, stage.supervisor, 0, 0)


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/ptrace"))
