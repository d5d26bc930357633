# SPDX-License-Identifier: Apache-2.0
"""Parent directories lead out of the folder that was granted (CWE-22)."""

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return (stage.work / "../work/../outside/secret").read_bytes()


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
