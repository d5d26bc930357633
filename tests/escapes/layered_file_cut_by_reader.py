# SPDX-License-Identifier: Apache-2.0
"""A file below an overlay is cut by one who may read it."""

import os

from tests.escapes.kit import SECRET, Denied, Escape, Stage
from tests.escapes.layers import layered


def prepare(stage: Stage) -> None:
    layered(stage, stage.shared / "layers", SECRET)


def attempt(stage: Stage) -> object:
    return os.open(stage.shared / "layers/file", os.O_RDONLY | os.O_TRUNC)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{shared}/layers/file"), prepare=prepare)
