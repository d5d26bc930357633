# SPDX-License-Identifier: Apache-2.0
"""A signal to all processes at once: kill(-1)."""

import os
import signal

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return os.kill(-1, signal.SIGTERM)


ESCAPE = Escape(attempt, "", Denied("agent", "a:00000/signal"))
