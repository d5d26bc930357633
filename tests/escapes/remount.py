# SPDX-License-Identifier: Apache-2.0
"""A mount that may only be read is mounted anew to be written (CVE-2014-5206)."""

from tests.escapes.kit import Denied, Escape, Stage, call

MS_REMOUNT = 32


def attempt(stage: Stage) -> object:
    return call("mount", 0, bytes(stage.top.parent), 0, MS_REMOUNT, 0)


ESCAPE = Escape(attempt, "EPERM", Denied("mount", "{memory}"))
