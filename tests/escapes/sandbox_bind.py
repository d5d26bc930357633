# SPDX-License-Identifier: Apache-2.0
"""In a sandbox of one's own a folder outside is bound beneath what one may read."""

from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    sandbox.enter()
    sandbox.bind(stage.outside, stage.work / "there")
    return (stage.work / "there/secret").read_bytes()


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), caps=(sandbox.RIGHT,))
