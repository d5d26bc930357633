# SPDX-License-Identifier: Apache-2.0
"""The program that the kernel starts, as root, when a cgroup empties (CVE-2022-0492)."""

import subprocess

from tests.escapes.kit import Denied, Escape, Stage


def prepare(stage: Stage) -> None:
    groups = stage.top / "v1"
    groups.mkdir()
    options = "none,name=escape"
    subprocess.run(["mount", "-t", "cgroup", "-o", options, "escape", str(groups)], check=True)
    stage.later.callback(subprocess.run, ["umount", "-l", str(groups)], check=True)
    stage.words["groups"] = groups


def attempt(stage: Stage) -> object:
    return (stage.top / "v1/release_agent").write_text(f"{stage.work}/evil")


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{groups}/release_agent"), prepare=prepare)
