# SPDX-License-Identifier: Apache-2.0
"""A System V message that was meant for others is taken."""

import ctypes

from tests.escapes.kit import SECRET, Denied, Escape, Stage, call

IPC_CREAT, IPC_RMID = 0o1000, 0
IPC_NOWAIT = 0o4000


def prepare(stage: Stage) -> int:
    number = call("msgget", 0, IPC_CREAT | 0o666)
    stage.later.callback(call, "msgctl", number, IPC_RMID, 0)
    call("msgsnd", number, b"\1" + bytes(7) + SECRET, len(SECRET), 0)
    return number


def attempt(stage: Stage) -> object:
    room = ctypes.create_string_buffer(128)
    call("msgrcv", stage.given, room, 100, 0, IPC_NOWAIT)
    return room.raw


ESCAPE = Escape(attempt, "EACCES", Denied("ipc", "sysv"), prepare=prepare)
