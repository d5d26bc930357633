# SPDX-License-Identifier: Apache-2.0
"""A key is asked for, and a program started outside to find it: request_key."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

REQUEST_KEY = 249


def attempt(_stage: Stage) -> object:
    return syscall(REQUEST_KEY, b"user", b"escape", b"", 0)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "key"))
