# SPDX-License-Identifier: Apache-2.0
"""The bar of `coconut audit verify`: at a terminal, and only there."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pycoconut.audit import Verdict, verify
from tests.unit.pycoconut.chain_writer import Chain
from tests.unit.pycoconut.scene import headed, parts

REPO = Path(__file__).resolve().parents[3]
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def chain() -> Chain:
    return Chain.whole(5, epochs=40, records=20)


def shards(chain: Chain, folder: Path, packed: bool = False) -> list[Path]:
    bodies = [b"".join(part) for part in parts(chain.lines, 4)]
    folder.mkdir()
    paths = []
    for number, data in enumerate(headed(chain, bodies)):
        paths.append(folder / f"{number:04}.jsonl")
        paths[-1].write_bytes(data)
    if packed:
        subprocess.run(["zstd", "-q", "--rm", *map(str, paths[:-1])], check=True, timeout=60)
        paths[:-1] = [path.with_name(path.name + ".zst") for path in paths[:-1]]
    return paths


def command(*argv: str) -> list[str]:
    return [sys.executable, "-m", "pycoconut.cli", "audit", "verify", *argv]


def at_terminal(*argv: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """The command with a terminal as standard error, and what that showed."""
    ours, theirs = pty.openpty()
    shown = bytearray()

    def watch() -> None:
        try:
            while data := os.read(ours, 4096):
                shown.extend(data)
        except OSError:
            # How a terminal says that nobody is left at the other end.
            return

    watcher = threading.Thread(target=watch)
    watcher.start()
    env = {**os.environ, "PYTHONPATH": str(REPO / "tools"), "TERM": "xterm", "COLUMNS": "100"}
    try:
        done = subprocess.run(
            command(*argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            timeout=120,
            check=False,
            env=env,
        )
    finally:
        os.close(theirs)
        watcher.join(timeout=60)
        os.close(ours)
    return done, CONTROL.sub("", shown.decode())


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_a_terminal_is_told_how_far_it_is(chain: Chain, tmp_path: Path, packed: bool) -> None:
    shards(chain, tmp_path / "log", packed)
    done, shown = at_terminal("--json", "--key", chain.public.hex(), str(tmp_path / "log"))
    assert done.returncode == 0
    assert json.loads(done.stdout)["verdict"] == "intact"
    assert "verifying" in shown
    assert "100%" in shown


def test_a_log_that_is_bad_early_is_not_read_to_its_end(chain: Chain, tmp_path: Path) -> None:
    paths = shards(chain, tmp_path / "log")
    paths[0].write_bytes(paths[0].read_bytes().replace(b'"cpu":1', b'"cpu":2', 1))
    done, shown = at_terminal("--jobs", "1", str(tmp_path / "log"))
    assert done.returncode == 12
    assert "verifying" in shown
    assert "100%" not in shown


def test_nobody_else_is_told(chain: Chain, tmp_path: Path) -> None:
    shards(chain, tmp_path / "log")
    done = subprocess.run(
        command("--key", chain.public.hex(), str(tmp_path / "log")),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPO / "tools"), "TERM": "xterm"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "verifying" not in done.stdout
    assert "\x1b" not in done.stdout


def test_a_log_that_is_not_there_is_said_at_a_terminal_too(tmp_path: Path) -> None:
    done, shown = at_terminal(str(tmp_path / "none.log"))
    assert done.returncode == 1
    assert "No such file" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_what_was_read_adds_up(chain: Chain, tmp_path: Path, packed: bool, jobs: int) -> None:
    paths = shards(chain, tmp_path / "log", packed)
    told: list[int] = []
    report = verify(paths, keys=[chain.public], jobs=jobs, progress=told.append)
    assert report.verdict is Verdict.INTACT
    assert told == sorted(told)
    assert len(set(told)) >= len(paths)
    assert told[-1] == sum(path.stat().st_size for path in paths)


def test_what_has_no_size_is_counted_as_it_comes(chain: Chain, tmp_path: Path) -> None:
    """As chain.log of the running kernel."""
    pipe = tmp_path / "chain.log"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(chain.log,))
    writer.start()
    told: list[int] = []
    report = verify([pipe], keys=[chain.public], jobs=1, progress=told.append)
    writer.join(timeout=60)
    assert report.verdict is Verdict.INTACT
    assert told[-1] == len(chain.log)
