# SPDX-License-Identifier: Apache-2.0
"""The audit chain of all agents is read."""

from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage


def attempt(_stage: Stage) -> object:
    return Path("/agent/audit/chain.log").read_bytes()


ESCAPE = Escape(attempt, "EPERM", Denied("agent", "a:00000"))
