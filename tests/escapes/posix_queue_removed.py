# SPDX-License-Identifier: Apache-2.0
"""A POSIX message queue made outside loses its name."""

import os

from tests.escapes.kit import Denied, Escape, Stage, syscall

MQ_OPEN, MQ_UNLINK = 240, 241
NAME = b"escape-queue-removed"


def prepare(stage: Stage) -> None:
    os.close(syscall(MQ_OPEN, NAME, os.O_CREAT | os.O_RDWR, 0o666, 0))
    stage.later.callback(syscall, MQ_UNLINK, NAME)


def attempt(_stage: Stage) -> object:
    return syscall(MQ_UNLINK, NAME)


ESCAPE = Escape(attempt, "EPERM", Denied("ipc", "mqueue"), prepare=prepare)
