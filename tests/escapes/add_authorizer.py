# SPDX-License-Identifier: Apache-2.0
"""A key is added that may sign manifests from then on."""

from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage

AUTHORIZERS = Path("/agent/policy/authorizers")


def attempt(_stage: Stage) -> object:
    return AUTHORIZERS.write_text(f"add {bytes(32).hex()} escape")


ESCAPE = Escape(attempt, "EPERM", Denied("agent", "a:00000"))
