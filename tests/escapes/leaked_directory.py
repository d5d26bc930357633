# SPDX-License-Identifier: Apache-2.0
"""A descriptor of a directory outside was left open (CVE-2024-21626)."""

import os

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> int:
    fd = os.open(stage.outside, os.O_RDONLY | os.O_DIRECTORY)
    stage.later.callback(os.close, fd)
    return fd


def attempt(stage: Stage) -> object:
    return os.read(os.open("secret", os.O_RDONLY, dir_fd=stage.given), 99)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"), prepare=prepare)
