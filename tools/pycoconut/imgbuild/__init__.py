# SPDX-License-Identifier: Apache-2.0
"""The build half of the image: Debian and our parts into an ISO, and its boot in QEMU.

Nothing that is installed on the booted system imports this.
"""

from __future__ import annotations

__all__: list[str] = []
