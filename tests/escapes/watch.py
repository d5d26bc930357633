# SPDX-License-Identifier: Apache-2.0
"""What others do in a folder outside is watched: inotify."""

from tests.escapes.kit import Denied, Escape, Stage, call

IN_ALL_EVENTS = 0xFFF


def attempt(stage: Stage) -> object:
    return call("inotify_add_watch", call("inotify_init1", 0), bytes(stage.outside), IN_ALL_EVENTS)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}"))
