# SPDX-License-Identifier: Apache-2.0
"""A symbolic link leads out of the folder that was granted (CVE-2017-1002101)."""

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    link = stage.work / "link"
    link.symlink_to(stage.secret)
    return link.read_bytes()


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
