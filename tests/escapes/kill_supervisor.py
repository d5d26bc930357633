# SPDX-License-Identifier: Apache-2.0
"""A signal to the process that made the agent (what CAP_KILL allows to root)."""

import os
import signal

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.kill(stage.supervisor, signal.SIGTERM)


ESCAPE = Escape(attempt, "EPERM", Denied("agent", "a:00000/signal"))
