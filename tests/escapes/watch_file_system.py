# SPDX-License-Identifier: Apache-2.0
"""All that is done on a file system is watched: fanotify, with descriptors of each file."""

from tests.escapes.kit import Denied, Escape, Stage, call

FAN_CLASS_CONTENT = 4


def attempt(stage: Stage) -> object:
    return call("fanotify_init", FAN_CLASS_CONTENT, 0)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_admin"))
