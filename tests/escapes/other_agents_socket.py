# SPDX-License-Identifier: Apache-2.0
"""Another agent is spoken to, by which it may be made to act: a confused deputy."""

import os
import socket

from pycoconut import syscalls
from pycoconut.aid import format_aid
from pycoconut.caps import parse
from pycoconut.manifest import Manifest
from tests.escapes.kit import Denied, Escape, Stage

NAME = "\0escape-deputy"


def deputy(manifest: bytes, ready: int, done: int) -> None:
    """Listens as an agent of its own until it is told to end."""
    try:
        aid = syscalls.spawn(manifest, enter=True).aid
        server = socket.socket(socket.AF_UNIX)
        server.bind(NAME)
        server.listen()
        os.write(ready, str(aid).encode())
        os.read(done, 1)
    finally:
        os._exit(0)


def prepare(stage: Stage) -> None:
    caps = (parse("net:unix/@escape-deputy:bind"),)
    manifest = Manifest("deputy", capabilities=caps).sign(stage.key)
    ready, tell = os.pipe()
    wait, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        deputy(manifest, tell, wait)
    stage.words["deputy"] = format_aid(int(os.read(ready, 20)))
    stage.later.callback(os.waitpid, child, 0)
    for fd in (ready, tell, wait, end):
        stage.later.callback(os.close, fd)


def attempt(_stage: Stage) -> object:
    return socket.socket(socket.AF_UNIX).connect(NAME)


ESCAPE = Escape(
    attempt,
    "EPERM",
    Denied("agent", "{deputy}"),
    caps=("net:unix/@escape-deputy:connect",),
    prepare=prepare,
)
