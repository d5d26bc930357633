# SPDX-License-Identifier: Apache-2.0
"""The guests' fixtures serve here too."""

from __future__ import annotations

from tests.guest.conftest import runner

__all__ = ["runner"]
