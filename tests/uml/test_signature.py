# SPDX-License-Identifier: Apache-2.0
"""A manifest that was taken before vouches for no other. Runs in a guest."""

from __future__ import annotations

import errno

import pytest

from pycoconut import syscalls
from pycoconut.agent import Agent
from pycoconut.agentfs import AgentFs
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest

REFUSED = {errno.EBADMSG, errno.EKEYREJECTED, errno.ENOKEY}


def outcome(signed: bytes) -> int:
    """0 where it is taken, and at once ended again; else the errno."""
    try:
        Agent(syscalls.spawn(signed).aid).terminate()
    except OSError as error:
        return error.errno or -1
    return 0


@pytest.fixture(scope="module")
def key() -> SecretKey:
    """A key whose manifests the kernel takes."""
    made = SecretKey.make("test-signature")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-signature"))
    return made


def test_every_byte_of_a_manifest_counts_after_it_was_taken(key: SecretKey) -> None:
    signed = Manifest("signature").sign(key)
    for _ in range(2):
        assert outcome(signed) == 0
        for at in range(len(signed)):
            changed = bytearray(signed)
            changed[at] ^= 1
            assert outcome(bytes(changed)) in REFUSED, at


def test_the_same_payload_by_a_stranger_is_refused(key: SecretKey) -> None:
    manifest = Manifest("stranger")
    assert outcome(manifest.sign(key)) == 0
    assert outcome(manifest.sign(SecretKey.make("stranger"))) == errno.ENOKEY
