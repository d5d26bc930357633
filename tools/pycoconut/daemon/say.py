# SPDX-License-Identifier: Apache-2.0
"""What an operator is told, in the kernel's log, where PID 1 speaks too."""

from __future__ import annotations

import sys

__all__ = ["say"]


def say(text: str) -> None:
    """One line."""
    try:
        with open("/dev/kmsg", "w") as log:
            # Without its end the kernel waits for more of the line, and shows none of it.
            log.write(f"<5>coconutd: {text}\n")
    except OSError:
        print(f"coconutd: {text}", file=sys.stderr, flush=True)
