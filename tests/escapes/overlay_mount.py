# SPDX-License-Identifier: Apache-2.0
"""An overlay joins a folder outside with one's own (CVE-2023-0386)."""

from tests.escapes.kit import Denied, Escape, Stage, call


def attempt(stage: Stage) -> object:
    options = f"lowerdir={stage.outside}:{stage.work}".encode()
    call("mount", b"overlay", bytes(stage.work), b"overlay", 0, options)
    return (stage.work / "secret").read_bytes()


ESCAPE = Escape(attempt, "EPERM", Denied("mount", "{work}"))
