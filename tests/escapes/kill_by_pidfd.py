# SPDX-License-Identifier: Apache-2.0
"""A signal to a process outside by a descriptor of it: pidfd_send_signal."""

import os
import signal

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return signal.pidfd_send_signal(os.pidfd_open(stage.supervisor), signal.SIGTERM)


ESCAPE = Escape(attempt, "EPERM", Denied("agent", "a:00000/signal"))
