# SPDX-License-Identifier: Apache-2.0
"""A mount tree of one's own, in which to cover and to uncover."""

from tests.escapes.kit import Denied, Escape, Stage, call

CLONE_NEWNS = 0x20000


def attempt(_stage: Stage) -> object:
    return call("unshare", CLONE_NEWNS)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_admin"))
