# SPDX-License-Identifier: Apache-2.0
"""Two threads: one changes what the other one uses."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable

from tests.escapes.kit import Race

__all__ = ["race"]

TRIES = 300
MOST = 100_000
ENOUGH = 40
"""Refusals after which it has been tried often enough."""


def race(flip: Callable[[int], None], use: Callable[[], object], tries: int = TRIES) -> Race:
    """Uses and flips at once, until it was tried often enough.

    Args:
        flip: Changes what `use` goes by; its argument counts, and odd turns are hostile.
        use: Raises PermissionError where it is refused. What it returns is looked at for
            the canary; that the thing was not there at the moment is no matter.
        tries: How often it is used at least; more, until it was refused once.
    """
    over = threading.Event()

    def flipping() -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            flip(turn)

    other = threading.Thread(target=flipping)
    other.start()
    refused = won = tried = 0
    try:
        while refused < ENOUGH and (tried < tries or not refused):
            tried += 1
            if not other.is_alive() or tried > MOST:
                raise RuntimeError("nobody races, or never in time")
            try:
                won += b"canary" in bytes(str(use()), "utf-8")
            except PermissionError as error:
                refused += error.errno == errno.EACCES
            except FileNotFoundError:
                continue
    finally:
        over.set()
        other.join()
    return Race(refused, won)
