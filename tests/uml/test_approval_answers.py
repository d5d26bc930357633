# SPDX-License-Identifier: Apache-2.0
"""Answers: who gives them, and by what: the file, its ioctl, the command. Runs in a guest."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pycoconut.abi import IOC_ANSWER, ApprovalAnswer
from pycoconut.aid import format_aid
from pycoconut.approvals import Approvals
from tests.uml.asking import SECRET, first, manifest, reads
from tests.uml.inside import Make, failure, lines, until

pytestmark = pytest.mark.usefixtures("asks_freely", "nothing_stays_asked")


@pytest.fixture(scope="module")
def signed() -> bytes:
    return manifest()


def test_echo_answers(inside: Make, queue: Approvals) -> None:
    agent = inside(reads)
    one = first(queue, agent.aid)
    Path("/agent/policy/approvals").write_text(f"allow {one.id}\n")
    assert agent.ended() == 0


def write(text: str) -> int:
    def attempt() -> None:
        file = os.open("/agent/policy/approvals", os.O_WRONLY)
        try:
            os.write(file, text.encode())
        finally:
            os.close(file)

    return failure(attempt)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("allow 999999", errno.ENOENT),
        ("deny 0", errno.ENOENT),
        ("allow", errno.EINVAL),
        ("allow x", errno.EINVAL),
        ("allow -1", errno.EINVAL),
        ("maybe 1", errno.EINVAL),
        ("allow 1\nallow 2", errno.EINVAL),
        ("x" * 300, errno.EINVAL),
    ],
)
def test_words(text: str, code: int) -> None:
    assert write(text) == code


def test_ioctl(queue: Approvals) -> None:
    def ioctl(number: int, allow: int = 0, reserved: int = 0) -> int:
        value = bytes(ApprovalAnswer(id=number, allow=allow, reserved=reserved))
        return failure(lambda: fcntl.ioctl(queue, IOC_ANSWER, value))

    assert ioctl(999999) == errno.ENOENT
    assert ioctl(1, allow=2) == errno.EINVAL
    assert ioctl(1, reserved=1) == errno.EINVAL
    assert failure(lambda: fcntl.ioctl(queue, IOC_ANSWER, 1)) == errno.EFAULT
    assert failure(lambda: fcntl.ioctl(queue, IOC_ANSWER + 1, bytes(16))) == errno.ENOTTY


def test_an_agent_answers_nothing(inside: Make, queue: Approvals) -> None:
    """Not by a descriptor that was opened outside either."""
    asking = inside(reads)
    one = first(queue, asking.aid)
    opened = os.open("/agent/policy/approvals", os.O_RDWR)

    def by_path() -> None:
        os.open("/agent/policy/approvals", os.O_WRONLY)

    def by_ioctl() -> None:
        queue.answer(one.id, True)

    def by_write() -> None:
        os.write(opened, f"allow {one.id}".encode())

    def sees() -> None:
        os.pread(opened, 100, 0)

    for body in (by_path, by_ioctl, by_write, sees):
        agent = inside(body)
        assert agent.ended() in (errno.EPERM, errno.EACCES)
        until(lambda agent=agent: bool(lines(agent.aid, '"denied"')))
    os.close(opened)
    assert first(queue, asking.aid).id == one.id
    queue.answer(one.id, False)
    assert asking.ended() == errno.EACCES


def test_poll(inside: Make, queue: Approvals) -> None:
    queue.read()
    assert not queue.changed(0)
    agent = inside(reads)
    assert queue.changed(60)
    one = first(queue, agent.aid)
    assert not queue.changed(0)
    queue.answer(one.id, True)
    assert queue.changed(0)
    assert agent.ended() == 0


# ---- the command ----


def command(*argv: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "pycoconut.cli", "approvals", *argv]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, input=text)


def test_command(inside: Make, queue: Approvals) -> None:
    agent = inside(reads)
    one = first(queue, agent.aid)
    (shown,) = json.loads(command("--json").stdout)
    assert (shown["id"], shown["object"]) == (one.id, str(SECRET))
    assert str(SECRET) in command().stdout
    assert command("allow", str(one.id)).returncode == 0
    assert agent.ended() == 0
    assert command("allow", str(one.id)).returncode == 1
    assert command("deny").returncode == 2


def test_view_answers_without_a_terminal(inside: Make, queue: Approvals) -> None:
    agent = inside(reads)
    one = first(queue, agent.aid)
    done = command("view", text=f"l\nhelp\na {one.id}\nq\n")
    assert done.returncode == 0
    assert str(SECRET) in done.stdout
    assert f"{one.id} allowed" in done.stdout
    assert agent.ended() == 0


def test_watch(inside: Make) -> None:
    line = [sys.executable, "-m", "pycoconut.cli", "--json", "approvals", "--watch"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as watch:
        try:
            agent = inside(reads)
            assert watch.stdout is not None
            shown = json.loads(watch.stdout.readline())
            assert shown["aid"] == format_aid(agent.aid)
            assert command("deny", str(shown["id"])).returncode == 0
            assert agent.ended() == errno.EACCES
        finally:
            watch.terminate()
