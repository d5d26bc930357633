# SPDX-License-Identifier: Apache-2.0
"""What an escape is made of. Each other module here is one: a way out that is known.

The docstring of a module names the class of bug, and where it is known by one, its name.
ESCAPE says what is tried inside the agent, what the kernel must answer, and which
denials must be in the chain afterwards, as many as there were refusals and no other.
tests/uml/test_escapes.py spawns an agent for each and looks.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pycoconut.keys import SecretKey

__all__ = [
    "SECRET",
    "Denied",
    "Escape",
    "Race",
    "Stage",
    "call",
    "syscall",
]

SECRET = b"the canary sings\n"
"""What stands in the file that must be neither read nor changed."""

_libc = ctypes.CDLL(None, use_errno=True)
_LONG = {"mmap", "ptrace", "shmat", "syscall"}
"""Functions that return more than an int."""


@dataclass
class Stage:
    """Where an escape is tried.

    `work` is the agent's own, with every right; nothing of `outside` is given, but
    `shared` within it, whose files it may read. `supervisor` is the process that made
    the agent, and belongs to none.
    """

    top: Path
    key: SecretKey
    supervisor: int = field(default_factory=os.getpid)
    given: Any = None
    """What prepare() returned; the agent inherits the descriptors in it."""
    words: dict[str, object] = field(default_factory=dict)
    """More names for what denials are about."""
    later: ExitStack = field(default_factory=ExitStack)
    """What is undone when it is over."""

    @property
    def work(self) -> Path:
        return self.top / "work"

    @property
    def outside(self) -> Path:
        return self.top / "outside"

    @property
    def shared(self) -> Path:
        return self.outside / "shared"

    @property
    def secret(self) -> Path:
        return self.outside / "secret"

    def text(self, form: str) -> str:
        """A form with {work}, {outside} and whatever `words` names filled in."""
        names = {"work": self.work, "outside": self.outside, "shared": self.shared}
        return form.format(**names, **self.words)


@dataclass(frozen=True)
class Denied:
    """A record that must be there: its class, and its object, filled in by Stage.text()."""

    kind: str
    object: str


@dataclass(frozen=True)
class Race:
    """What came of many tries: how often it was refused, how often it succeeded."""

    refused: int
    won: int


@dataclass(frozen=True)
class Escape:
    """One way out.

    attempt() runs in the agent: it raises the OSError that it met, or returns a Race,
    or whatever it got where no call fails. prepare() runs outside, before. harm() looks
    afterwards, outside, and says what is not as it was; the canary is looked at anyway.
    """

    attempt: Callable[[Stage], object]
    answer: str
    """The name of the errno; "" where nothing fails and nothing is had either."""
    denied: Denied
    caps: tuple[str, ...] = ()
    """What the agent holds besides; filled in by Stage.text()."""
    prepare: Callable[[Stage], object] | None = None
    harm: Callable[[Stage], str | None] | None = None
    programs: bool = True
    """May it start what is in /usr?"""


def _word(value: object) -> object:
    return ctypes.c_long(value) if isinstance(value, int) else value


def call(name: str, *words: object) -> int:
    """A function of the C library by its name.

    Raises:
        OSError: It returned -1.
    """
    ctypes.set_errno(0)
    function = getattr(_libc, name)
    function.restype = ctypes.c_long if name in _LONG else ctypes.c_int
    result = int(function(*(_word(word) for word in words)))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def syscall(number: int, *words: object) -> int:
    """A system call by its number on x86-64, for those without a function.

    Raises:
        OSError: It failed.
    """
    return call("syscall", number, *words)
