# SPDX-License-Identifier: Apache-2.0
"""The tools' order of capabilities against the kernel's, over thousands of pairs. In a guest."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pycoconut import syscalls
from pycoconut.abi import RIGHTS, Class
from pycoconut.agentfs import AgentFs
from pycoconut.caps import Capability, Limits, covering, encode_list, is_subset, parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest

pytestmark = pytest.mark.slow

WIDE, NARROW = 60, 60
SPAWN = parse("agent:children/4:spawn")
PLACES = ("", "/a", "/a/b", "/a/b/c", "/a/e", "/f")
CARVES = {"": ("/a", "/a/b", "/f"), "/a": ("/a/b", "/a/b/c", "/a/e"), "/a/b": ("/a/b/c",)}
OBJECTS: dict[Class, tuple[str, ...]] = {
    Class.EXEC: ("blake3=" + "ab" * 32, "blake3=" + "cd" * 32),
    Class.NET: (
        *("tcp/10.0.0.0/8/80-443", "tcp/10.1.0.0/16/80", "any/10.1.2.3/32/80-90"),
        *("udp/0.0.0.0/0/53", "any/0.0.0.0/0/0-65535", "tcp/::/0/80-443", "tcp/2001:db8::/32/80"),
        *("any/::ffff:10.1.2.3/128/80", "unix/@a*", "unix/@ab*", "unix/@ab", "unix/@*"),
    ),
    Class.AGENT: ("self/0", "children/0", "children/3", "children/5", "aid/17/0", "aid/18/0"),
    Class.DEV: ("tty/0x0-0xff", "tty/0x5-0x6", "gpu/0x5-0x6"),
    Class.MEM: ("ram/4096", "ram/8192", "hbm/4096"),
    Class.SVC: ("tool:*", "tool:web*", "tool:web", "*", "a*", "a**", "a*b", "ab"),
}
LIMITS = {
    "uses": (None, None, 2, 3),
    "rate": (None, None, (3, 10), (4, 10), (3, 20)),
    "depth": (None, None, 0, 1, 2),
    "approval": (False, False, False, True),
}


@pytest.fixture(scope="module")
def key() -> SecretKey:
    """A key whose manifests the kernel takes."""
    made = SecretKey.make("test-subset")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-subset"))
    return made


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree in which the paths exist."""
    folder = tmp_path_factory.mktemp("subset")
    for place in PLACES:
        (folder / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
    return folder


def capability(rnd: random.Random, root: Path, *, expires: bool) -> Capability:
    """Any, out of a vocabulary so small that many lie within each other."""
    kind = rnd.choice([Class.FS, Class.FS, Class.FS, Class.EXEC, *OBJECTS])
    names = [str(right.name).lower() for right in RIGHTS[kind]]
    rights = ",".join(rnd.sample(names, rnd.randint(1, min(2, len(names)))))
    text, carves = "", ""
    if kind == Class.FS or (kind == Class.EXEC and rnd.random() < 0.5):
        place = rnd.choice(PLACES)
        text = f"{root}{place}" + rnd.choice(["", "/*", "/"])
        if place in CARVES and rnd.random() < 0.5:
            carves = f";except={root}{rnd.choice(CARVES[place])}"
        rights = rnd.choice(["read_file", "read_file,write_file"]) if kind == Class.FS else "run"
    else:
        text = rnd.choice(OBJECTS[kind])
    cap = parse(f"{kind.name.lower()}:{text}:{rights}{carves}")
    limits: dict[str, Any] = {name: rnd.choice(values) for name, values in LIMITS.items()}
    if rnd.random() < 0.5:
        limits = {}
    if expires and rnd.random() < 0.3:
        limits["expires"] = rnd.choice([100, 200])
    return replace(cap, limits=Limits(**limits))


def pairs(root: Path, seed: int, *, expires: bool) -> Iterator[tuple[Capability, list[Capability]]]:
    """A wide one, and narrow ones to be held against it: itself, changes of it, any."""
    rnd = random.Random(seed)
    for _ in range(WIDE):
        wide = capability(rnd, root, expires=expires)
        narrow = [wide]
        while len(narrow) < NARROW:
            other = capability(rnd, root, expires=expires)
            if other.kind != wide.kind and rnd.random() < 0.8:
                continue
            kept = wide.limits if rnd.random() < 0.3 else other.limits
            narrow.append(replace(other, limits=kept))
        yield wide, narrow


def answer(call: Callable[[], object], refusal: int) -> bool:
    """Was it allowed?"""
    try:
        call()
    except OSError as error:
        if error.errno != refusal:
            raise
        return False
    return True


def test_within_a_manifest_as_the_kernel_has_it(key: SecretKey, root: Path) -> None:
    wrong, seen = [], [0, 0]
    for wide, narrow in pairs(root, 1, expires=True):
        signed = Manifest("wide", capabilities=(wide,)).sign(key)
        for cap in narrow:

            def spawn(signed: bytes = signed, cap: Capability = cap) -> None:
                aid = syscalls.spawn(signed, encode_list([cap])).aid
                syscalls.cap_revoke(aid, terminate=True)

            allowed = answer(spawn, errno.EINVAL)
            seen[allowed] += 1
            if allowed != is_subset(cap, wide):
                wrong.append(f"{cap} in {wide}: the kernel says {allowed}")
    assert not wrong, "\n".join(wrong[:20])
    assert min(seen) > 300, seen


def test_delegated_as_the_kernel_has_it(key: SecretKey, root: Path) -> None:
    wrong, seen = [], [0, 0]
    for wide, narrow in pairs(root, 2, expires=False):
        child = Manifest("child", capabilities=tuple(dict.fromkeys(narrow))).sign(key)
        signed = Manifest("parent", capabilities=(wide, SPAWN)).sign(key)
        answers = inside(signed, partial(grants, child, narrow))
        assert len(answers) == len(narrow)
        for cap, allowed in zip(narrow, answers, strict=True):
            seen[allowed] += 1
            if allowed != (covering(cap, [wide, SPAWN]) is not None):
                wrong.append(f"{cap} of {wide}: the kernel says {allowed}")
    assert not wrong, "\n".join(wrong[:20])
    assert min(seen) > 300, seen


def grants(child: bytes, narrow: list[Capability]) -> bytes:
    """From within an agent: which of these may it give to a child?"""
    aid = syscalls.spawn(child, encode_list([])).aid
    return bytes(
        answer(partial(syscalls.cap_grant, aid, cap.encode()), errno.EPERM) for cap in narrow
    )


def inside(signed: bytes, body: Callable[[], bytes]) -> list[bool]:
    """What the body answers in a new agent."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            syscalls.spawn(signed, enter=True)
            os.write(theirs, body())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        answers = pipe.read()
    os.waitpid(pid, 0)
    return [bool(byte) for byte in answers]
