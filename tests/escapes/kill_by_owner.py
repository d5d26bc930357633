# SPDX-License-Identifier: Apache-2.0
"""A descriptor sends its SIGIO to a process outside: F_SETOWN (Landlock before SIGNAL scoping)."""

import fcntl
import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    out, into = os.pipe()
    fcntl.fcntl(out, fcntl.F_SETOWN, stage.supervisor)
    fcntl.fcntl(out, fcntl.F_SETFL, os.O_ASYNC)
    os.write(into, b"now")
    return fcntl.fcntl(out, fcntl.F_SETFL, 0)  # closing it at the end is an event too


ESCAPE = Escape(attempt, "", Denied("agent", "a:00000/sigio"))
