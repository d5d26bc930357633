# SPDX-License-Identifier: Apache-2.0
"""A second name for a file outside, within the own folder (AppArmor's link rules)."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    os.link(stage.secret, stage.work / "mine")
    return (stage.work / "mine").read_bytes()


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
