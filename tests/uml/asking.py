# SPDX-License-Identifier: Apache-2.0
"""An agent whose every use waits for somebody's answer. Runs in a guest, as root."""

from __future__ import annotations

import os
from pathlib import Path

from pycoconut import caps
from pycoconut.approvals import Approval, Approvals
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import FS, until

__all__ = ["NAMES", "SECRET", "first", "manifest", "reads"]

SECRET = Path("/tmp/approvals/secret")
NAMES = Path("/tmp/approvals/names")
CAPS = (
    "fs:/tmp/approvals/*:read_file,make_dir,remove_dir;approval",
    "fs:/usr:read_file",
    "svc:tool:pay:use;approval",
    "svc:tool:listed:use",
    "svc:tool:few:use;uses=1",
    "agent:children/0:spawn",
    "net:tcp/127.0.0.1/32/7:connect;approval",
    "exec:/usr/*:run;approval",
)


def manifest() -> bytes:
    """Its manifest, signed by a key that the kernel takes; and what it asks for is there."""
    NAMES.mkdir(parents=True, exist_ok=True)
    SECRET.write_text("secret")
    made = SecretKey.make("test-approvals")
    FS.add_authorizer(PublicKey(made.public.raw, "test-approvals"))
    held = tuple(map(caps.parse, CAPS))
    return Manifest("asks", "tests", capabilities=held, approval=("tool:listed",)).sign(made)


def reads() -> None:
    """Exits with the errno of the open, or 0 once it has read all."""
    file = os.open(SECRET, os.O_RDONLY)
    assert os.read(file, 100) == b"secret"
    os.lseek(file, 0, os.SEEK_SET)
    assert os.read(file, 100) == b"secret"


def first(queue: Approvals, aid: int) -> Approval:
    found: list[Approval] = []

    def asked() -> bool:
        found[:] = [one for one in queue.read() if one.aid == aid]
        return bool(found)

    until(asked)
    return found[0]
