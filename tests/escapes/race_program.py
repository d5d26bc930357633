# SPDX-License-Identifier: Apache-2.0
"""A program changes places with another between being decided and being run."""

import os
from pathlib import Path

from tests.escapes.kit import Denied, Escape, Race, Stage
from tests.escapes.race import race


def attempt(stage: Stage) -> Race:
    link, other, evil = stage.work / "link", stage.work / "other", stage.work / "evil"
    evil.write_bytes(Path("/usr/bin/false").read_bytes())
    evil.chmod(0o755)
    link.symlink_to("/usr/bin/true")

    def flip(turn: int) -> None:
        other.symlink_to(evil if turn % 2 else "/usr/bin/true")
        other.replace(link)

    def run() -> bytes:
        child = os.fork()
        if child == 0:
            try:
                os.execv(link, ["program"])
            except OSError as error:
                os._exit(error.errno or 255)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code > 1:
            raise OSError(code, os.strerror(code))
        return b"canary" if code else b""

    return race(flip, run, tries=12)


ESCAPE = Escape(attempt, "EACCES", Denied("exec", "{work}/evil"))
