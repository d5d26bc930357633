# SPDX-License-Identifier: Apache-2.0
"""Another agent binds its secret beneath what this one may read, and hands the file over."""

import os
import socket
import struct

from pycoconut import caps, syscalls
from pycoconut.manifest import Manifest
from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage

ACCOMPLICE = (sandbox.RIGHT, "fs:{outside}:all", "fs:{work}:all")


def betray(stage: Stage, manifest: bytes, to: socket.socket) -> None:
    """Becomes the accomplice, and never returns."""
    code = 1
    try:
        syscalls.spawn(manifest, enter=True)
        sandbox.enter()
        sandbox.bind(stage.outside, stage.work / "there")
        file = struct.pack("i", os.open(stage.work / "there/secret", os.O_RDONLY))
        to.sendmsg([b"here"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, file)])
        to.recv(1)  # its mounts last as long as it does
        code = 0
    finally:
        os._exit(code)


def prepare(stage: Stage) -> socket.socket:
    ours, theirs = socket.socketpair()
    held = tuple(caps.parse(stage.text(text)) for text in ACCOMPLICE)
    manifest = Manifest("accomplice", capabilities=held).sign(stage.key)
    if not (child := os.fork()):
        theirs.close()
        betray(stage, manifest, ours)
    ours.close()
    stage.later.callback(os.waitpid, child, 0)
    stage.later.callback(theirs.close)
    assert theirs.recv(1, socket.MSG_PEEK), "the accomplice did not get that far"
    return theirs


def attempt(stage: Stage) -> object:
    _, received, _, _ = socket.recv_fds(stage.given, 10, 1)
    return [os.read(fd, 99) for fd in received]


ESCAPE = Escape(attempt, "", Denied("fs", "{outside}/secret"), prepare=prepare)
