# SPDX-License-Identifier: Apache-2.0
"""A process moves itself out of its cgroup by writing to cgroup.procs of another."""

import os
import subprocess

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> None:
    groups = stage.top / "groups"
    groups.mkdir()
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", str(groups)], check=True)
    stage.later.callback(subprocess.run, ["umount", "-l", str(groups)], check=True)
    stage.words["groups"] = groups


def attempt(stage: Stage) -> object:
    return (stage.top / "groups/cgroup.procs").write_text(str(os.getpid()))


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{groups}/cgroup.procs"), prepare=prepare)
