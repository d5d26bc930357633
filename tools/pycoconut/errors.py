# SPDX-License-Identifier: Apache-2.0
"""What every error of this package has in common."""

from __future__ import annotations

__all__ = ["CoconutError"]


class CoconutError(Exception):
    """An error that the user can do something about.

    Attributes:
        hint: What to do next, one sentence; empty where there is nothing to say.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
