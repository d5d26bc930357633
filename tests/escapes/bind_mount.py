# SPDX-License-Identifier: Apache-2.0
"""A folder outside is mounted onto one's own."""

from tests.escapes.kit import Denied, Escape, Stage, call

MS_BIND = 4096


def attempt(stage: Stage) -> object:
    call("mount", bytes(stage.outside), bytes(stage.work), 0, MS_BIND, 0)
    return (stage.work / "secret").read_bytes()


ESCAPE = Escape(attempt, "EPERM", Denied("mount", "{work}"))
