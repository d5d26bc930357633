# SPDX-License-Identifier: Apache-2.0
"""A file is made where nothing may be made."""

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return (stage.outside / "new").write_bytes(b"planted")


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/new"))
