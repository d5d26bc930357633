# SPDX-License-Identifier: Apache-2.0
"""From a sandbox of one's own a child is given a folder outside by the name it has there."""

from pycoconut import caps, syscalls
from pycoconut.manifest import Manifest
from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    sandbox.enter()
    sandbox.bind(stage.outside, stage.work / "there")
    held = (caps.parse(stage.text("fs:{work}/there:read_file")),)
    return syscalls.spawn(Manifest("child", capabilities=held).sign(stage.key))


ESCAPE = Escape(
    attempt,
    "EPERM",
    Denied("life", "child"),
    caps=(sandbox.RIGHT, "agent:children/0:spawn"),
)
