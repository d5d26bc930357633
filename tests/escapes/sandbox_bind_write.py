# SPDX-License-Identifier: Apache-2.0
"""In a sandbox of one's own what one may only read is bound beneath what one may write."""

from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    sandbox.enter()
    sandbox.bind(stage.shared, stage.work / "there")
    return (stage.work / "there/file").write_bytes(b"changed\n")


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{shared}/file"), caps=(sandbox.RIGHT,))
