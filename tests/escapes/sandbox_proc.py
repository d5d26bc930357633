# SPDX-License-Identifier: Apache-2.0
"""In a sandbox of one's own another /proc shows what the first one is guarded for."""

from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage, call


def attempt(stage: Stage) -> object:
    sandbox.enter()
    return call("mount", b"proc", bytes(stage.work), b"proc", 0, 0)


ESCAPE = Escape(attempt, "EPERM", Denied("mount", "{work}"), caps=(sandbox.RIGHT,))
