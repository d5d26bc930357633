# SPDX-License-Identifier: Apache-2.0
"""A thread of the kernel looks for requests, long after the agent has ended."""

from tests.escapes.kit import Denied, Escape, Stage
from tests.escapes.uring import Ring

SQPOLL = 2


def attempt(_stage: Stage) -> object:
    return Ring(SQPOLL).fd


ESCAPE = Escape(attempt, "EPERM", Denied("uring", "sqpoll"))
