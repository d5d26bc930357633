# SPDX-License-Identifier: Apache-2.0
"""A key of the same user's is read about by its number: keyctl."""

import ctypes

from tests.escapes.kit import SECRET, Denied, Escape, Stage, syscall

ADD_KEY, KEYCTL = 248, 250
PROCESS_KEYRING = -2
REVOKE, DESCRIBE = 3, 6


def prepare(stage: Stage) -> int:
    number = syscall(ADD_KEY, b"user", SECRET.strip(), b"x", 1, PROCESS_KEYRING)
    stage.later.callback(syscall, KEYCTL, REVOKE, number)
    return number


def attempt(stage: Stage) -> object:
    room = ctypes.create_string_buffer(99)
    syscall(KEYCTL, DESCRIBE, stage.given, room, 99)
    return room.raw


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "key"), prepare=prepare)
