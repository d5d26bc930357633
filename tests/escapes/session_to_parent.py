# SPDX-License-Identifier: Apache-2.0
"""The keyrings of the parent, outside, are replaced (KEYCTL_SESSION_TO_PARENT)."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

KEYCTL = 250
SESSION_TO_PARENT = 18


def attempt(_stage: Stage) -> object:
    return syscall(KEYCTL, SESSION_TO_PARENT)


ESCAPE = Escape(attempt, "ENOKEY", Denied("kernel", "key"))
