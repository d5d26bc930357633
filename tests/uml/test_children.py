# SPDX-License-Identifier: Apache-2.0
"""A child is bounded by its parent in all that its manifest says. Runs in a guest."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import pytest

from pycoconut import syscalls
from pycoconut.abi import AuditLevel, Lane
from pycoconut.agentfs import AgentFs
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest

CAPS = (parse("agent:children/0:spawn"), parse("fs:/usr:read_file"))


@pytest.fixture(scope="module")
def key() -> SecretKey:
    """A key whose manifests the kernel takes."""
    made = SecretKey.make("test-children")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-children"))
    return made


def inside(manifest: bytes, body: Callable[[], None]) -> int:
    """Runs the body in a new agent; 0 or the errno that it ended with."""
    pid = os.fork()
    if pid == 0:
        try:
            syscalls.spawn(manifest, enter=True)
            body()
        except OSError as error:
            os._exit(error.errno or 255)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize(
    ("child", "expected"),
    [
        (Manifest("same", tenant="acme", capabilities=CAPS[1:]), 0),
        (Manifest("other-tenant", tenant="rival", capabilities=CAPS[1:]), errno.EPERM),
        (
            Manifest("quiet", tenant="acme", capabilities=CAPS[1:], audit=AuditLevel.DENIALS),
            errno.EPERM,
        ),
        (
            Manifest("fast", tenant="acme", capabilities=CAPS[1:], lane=Lane.INTERACTIVE),
            errno.EPERM,
        ),
        (
            Manifest("slow", tenant="acme", capabilities=CAPS[1:], lane=Lane.BACKGROUND),
            0,
        ),
        (Manifest("more", tenant="acme", capabilities=(parse("fs:/:read_file"),)), errno.EPERM),
    ],
    ids=lambda value: value.name if isinstance(value, Manifest) else None,
)
def test_child_within_its_parent(key: SecretKey, child: Manifest, expected: int) -> None:
    parent = Manifest("parent", tenant="acme", capabilities=CAPS)
    signed = child.sign(key)

    def body() -> None:
        syscalls.spawn(signed)

    assert inside(parent.sign(key), body) == expected
