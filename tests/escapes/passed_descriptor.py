# SPDX-License-Identifier: Apache-2.0
"""A descriptor of a file outside arrives in a message: SCM_RIGHTS."""

import os
import socket

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> socket.socket:
    ours, theirs = socket.socketpair()
    with stage.secret.open("rb") as file:
        socket.send_fds(ours, [b"here"], [file.fileno()])
    stage.later.callback(ours.close)
    stage.later.callback(theirs.close)
    return theirs


def attempt(stage: Stage) -> object:
    _, received, _, _ = socket.recv_fds(stage.given, 10, 1)
    return [os.read(fd, 99) for fd in received]


ESCAPE = Escape(attempt, "", Denied("fs", "{outside}/secret"), prepare=prepare)
