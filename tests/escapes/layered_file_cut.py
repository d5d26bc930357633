# SPDX-License-Identifier: Apache-2.0
"""A file is cut by opening it for nothing: an overlay does that before anybody is asked."""

import os

from tests.escapes.kit import SECRET, Denied, Escape, Stage
from tests.escapes.layers import CUT, layered


def prepare(stage: Stage) -> None:
    layered(stage, stage.outside / "layers", SECRET)


def attempt(stage: Stage) -> object:
    return os.open(stage.outside / "layers/file", CUT)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/layers/file"), prepare=prepare)
