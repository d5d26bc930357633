# SPDX-License-Identifier: Apache-2.0
"""A cgroup hierarchy is mounted, to write its release_agent (CVE-2022-0492)."""

from tests.escapes.kit import Denied, Escape, Stage, call


def attempt(stage: Stage) -> object:
    return call("mount", b"cgroup", bytes(stage.work), b"cgroup", 0, b"none,name=escape")


ESCAPE = Escape(attempt, "EPERM", Denied("mount", "{work}"))
