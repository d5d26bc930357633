# SPDX-License-Identifier: Apache-2.0
"""In a sandbox of one's own a program of one's own is bound over one that may be run."""

import os
from pathlib import Path

from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    program = stage.work / "program"
    program.write_bytes(Path("/usr/bin/true").read_bytes())
    program.chmod(0o755)
    sandbox.enter()
    sandbox.bind_onto(program, Path("/usr/bin/false"))
    return os.execv("/usr/bin/false", ["false"])


ESCAPE = Escape(attempt, "EACCES", Denied("exec", "{work}/program"), caps=(sandbox.RIGHT,))
