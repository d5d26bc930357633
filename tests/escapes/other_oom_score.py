# SPDX-License-Identifier: Apache-2.0
"""A process outside is made the first to be killed when memory is short."""

from pathlib import Path

from tests.escapes.kit import Denied, Escape, Stage


def attempt(stage: Stage) -> object:
    return Path(f"/proc/{stage.supervisor}/oom_score_adj").write_text("1000")


def harm(stage: Stage) -> str | None:
    score = Path(f"/proc/{stage.supervisor}/oom_score_adj").read_text()
    return f"it is {score}" if int(score) == 1000 else None


ESCAPE = Escape(
    attempt,
    "EPERM",
    Denied("task", "a:00000/proc"),
    caps=("fs:/proc:read_file,write_file,truncate,read_dir", "agent:aid/0/0:observe"),
    harm=harm,
)
