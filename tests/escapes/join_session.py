# SPDX-License-Identifier: Apache-2.0
"""A session keyring is joined by its name (CVE-2016-0728)."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

KEYCTL = 250
JOIN_SESSION_KEYRING = 1


def attempt(_stage: Stage) -> object:
    return syscall(KEYCTL, JOIN_SESSION_KEYRING, b"escape")


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "key"))
