# SPDX-License-Identifier: Apache-2.0
"""A symbolic link is planted for somebody with more rights to follow (CVE-2021-30465)."""

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return (stage.shared / "new").symlink_to(stage.secret)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{shared}/new"))
