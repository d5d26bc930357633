# SPDX-License-Identifier: Apache-2.0
"""A user namespace gives all of Linux's capabilities within itself (CVE-2022-0185)."""

from tests.escapes.kit import Denied, Escape, Stage, call

CLONE_NEWUSER = 0x10000000


def attempt(_stage: Stage) -> object:
    return call("unshare", CLONE_NEWUSER)


ESCAPE = Escape(attempt, "EPERM", Denied("agent", "{self}/userns"))
