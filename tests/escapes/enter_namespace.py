# SPDX-License-Identifier: Apache-2.0
"""A namespace is entered by a descriptor of it: setns."""

import os

from tests.escapes.kit import Denied, Escape, Stage, call


def prepare(stage: Stage) -> int:
    fd = os.open("/proc/self/ns/net", os.O_RDONLY)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    return call("setns", stage.given, 0)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_admin"), prepare=prepare)
