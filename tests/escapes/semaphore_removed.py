# SPDX-License-Identifier: Apache-2.0
"""A System V semaphore that others wait on is removed."""

from tests.escapes.kit import Denied, Escape, Stage, call

IPC_CREAT, IPC_RMID, GETVAL = 0o1000, 0, 12


def prepare(stage: Stage) -> int:
    number = call("semget", 0, 1, IPC_CREAT | 0o666)
    stage.later.callback(call, "semctl", number, 0, IPC_RMID)
    return number


def attempt(stage: Stage) -> object:
    return call("semctl", stage.given, 0, IPC_RMID)


def harm(stage: Stage) -> str | None:
    return None if call("semctl", stage.given, 0, GETVAL) == 0 else "it is gone"


ESCAPE = Escape(attempt, "EPERM", Denied("ipc", "sysv"), prepare=prepare, harm=harm)
