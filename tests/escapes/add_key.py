# SPDX-License-Identifier: Apache-2.0
"""A key is added to a keyring that the user's other processes search."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

ADD_KEY = 248
USER_KEYRING = -4


def attempt(_stage: Stage) -> object:
    return syscall(ADD_KEY, b"user", b"escape", b"forged", 6, USER_KEYRING)


ESCAPE = Escape(attempt, "ENOKEY", Denied("kernel", "key"))
