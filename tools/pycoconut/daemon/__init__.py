# SPDX-License-Identifier: Apache-2.0
"""The daemon: the part of PID 1 that may fail.

A child of the static `coconutd`, which starts it again whenever it ends. It keeps
nothing that the kernel (/agent) or the disk does not hold: killed at any moment,
it finds its services, its consoles and its place in the chain again.
"""

from __future__ import annotations

__all__: list[str] = []
