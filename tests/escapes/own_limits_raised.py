# SPDX-License-Identifier: Apache-2.0
"""A hard limit that the supervisor set is raised again."""

import resource
import struct

from tests.escapes.kit import Denied, Escape, Stage, call


def attempt(_stage: Stage) -> object:
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    return call("setrlimit", resource.RLIMIT_MEMLOCK, struct.pack("QQ", 1 << 30, 1 << 30))


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_sys_resource"))
