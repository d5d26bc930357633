# SPDX-License-Identifier: Apache-2.0
"""In a sandbox of one's own a carve-out is bound beside itself, where nothing is carved."""

from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    sandbox.enter()
    sandbox.bind(stage.secret, stage.work / "there")
    return (stage.work / "there").read_bytes()


ESCAPE = Escape(
    attempt,
    "EACCES",
    Denied("fs", "{outside}/secret"),
    caps=(sandbox.RIGHT, "fs:{outside}:read_file,read_dir;except={outside}/secret"),
)
