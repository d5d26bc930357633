# SPDX-License-Identifier: Apache-2.0
"""In a sandbox of one's own an overlay reads what is below it by itself (CVE-2023-0386)."""

from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage, call


def attempt(stage: Stage) -> object:
    layers = f"lowerdir={stage.outside}:{stage.shared}".encode()
    sandbox.enter()
    call("mount", b"overlay", bytes(stage.work), b"overlay", 0, layers)
    return (stage.work / "secret").read_bytes()


ESCAPE = Escape(attempt, "EPERM", Denied("mount", "{work}"), caps=(sandbox.RIGHT,))
