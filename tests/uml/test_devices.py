# SPDX-License-Identifier: Apache-2.0
"""Devices by class and ioctl. Runs in a guest, as root."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from pycoconut.agentfs import AgentFs
from pycoconut.caps import parse
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import Inside, lines

PTMX = "fs:/dev/ptmx:read_file,write_file"
RANDOM = "fs:/dev/random:read_file"
RNDGETENTCNT = 0x80045200
TIOCGPTN, TIOCSPTLCK = 0x80045430, 0x40045431


@pytest.fixture(scope="module")
def key() -> SecretKey:
    """A key whose manifests the kernel takes."""
    made = SecretKey.make("test-devices")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-devices"))
    return made


Run = Callable[..., tuple[int, int]]


@pytest.fixture
def run(key: SecretKey) -> Run:
    """Issues an ioctl in a new agent; its AID, and 0 or the errno that it met."""

    def start(device: str, cmd: int, *caps: str) -> tuple[int, int]:
        def body() -> None:
            fd = os.open(device, os.O_RDWR if "ptmx" in device else os.O_RDONLY)
            fcntl.ioctl(fd, cmd, bytearray(struct.pack("i", 0)))

        held = tuple(parse(text) for text in caps)
        agent = Inside(Manifest("devices", capabilities=held).sign(key), body)
        code = agent.ended()
        agent.end()
        return agent.aid, code

    return start


def test_one_ioctl_of_a_class(run: Run) -> None:
    aid, code = run("/dev/ptmx", TIOCGPTN, PTMX, f"dev:tty/{TIOCGPTN}:use")
    assert code == 0
    assert len(lines(aid, '"dev"', '"allowed"', '"tty"')) == 1


@pytest.mark.parametrize(
    ("device", "cmd", "caps"),
    [
        ("/dev/ptmx", TIOCSPTLCK, (PTMX, f"dev:tty/{TIOCGPTN}:use")),
        ("/dev/ptmx", TIOCGPTN, (PTMX, f"dev:mem/{TIOCGPTN}:use")),
        ("/dev/random", RNDGETENTCNT, (RANDOM, f"dev:tty/{RNDGETENTCNT}:use")),
        ("/dev/random", RNDGETENTCNT, (RANDOM,)),
    ],
)
def test_another_ioctl_or_another_class(
    run: Run, device: str, cmd: int, caps: tuple[str, ...]
) -> None:
    aid, code = run(device, cmd, *caps)
    assert code == errno.EACCES
    (denied,) = lines(aid, '"denied"')
    assert f'"{device}"' in denied


def test_a_range(run: Run) -> None:
    _, code = run("/dev/random", RNDGETENTCNT, RANDOM, "dev:mem/0x80045200-0x800452ff:use")
    assert code == 0


def test_it_opens_no_file(run: Run) -> None:
    _, code = run("/dev/random", RNDGETENTCNT, "dev:mem:use")
    assert code == errno.EACCES


def test_it_runs_out(key: SecretKey) -> None:
    def body() -> None:
        fd = os.open("/dev/random", os.O_RDONLY)
        fcntl.ioctl(fd, RNDGETENTCNT, bytearray(4))
        fcntl.ioctl(fd, RNDGETENTCNT, bytearray(4))

    held = (parse(RANDOM), parse("dev:mem:use;uses=1"))
    agent = Inside(Manifest("devices", capabilities=held).sign(key), body)
    assert agent.ended() == errno.EACCES
    assert len(lines(agent.aid, '"dev"', '"allowed"')) == 1
    assert len(lines(agent.aid, '"dev"', '"denied"')) == 1
    agent.end()


def test_a_slave_of_a_pseudo_terminal_is_a_tty(key: SecretKey) -> None:
    """It has no place in /sys/class."""
    master, slave = os.openpty()
    name = os.ttyname(slave)
    assert Path(name).is_char_device()

    def body() -> None:
        fcntl.ioctl(os.open(name, os.O_RDWR | os.O_NOCTTY), 0x5414, bytes(8))  # TIOCSWINSZ

    held = (parse("fs:/dev/pts:read_file,write_file"), parse("dev:tty/0x5414:use"))
    agent = Inside(Manifest("devices", capabilities=held).sign(key), body)
    assert agent.ended() == 0
    agent.end()
    os.close(master)
    os.close(slave)
