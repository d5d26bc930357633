# SPDX-License-Identifier: Apache-2.0
"""A System V segment made outside is attached by its number."""

from tests.escapes.kit import SECRET, Denied, Escape, Stage, call

IPC_CREAT, IPC_RMID = 0o1000, 0


def prepare(stage: Stage) -> int:
    number = call("shmget", 0, 4096, IPC_CREAT | 0o666)
    stage.later.callback(call, "shmctl", number, IPC_RMID, 0)
    assert SECRET
    return number


def attempt(stage: Stage) -> object:
    return call("shmat", stage.given, 0, 0)


ESCAPE = Escape(attempt, "EACCES", Denied("ipc", "sysv"), prepare=prepare)
