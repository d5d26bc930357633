# SPDX-License-Identifier: Apache-2.0
"""What the build says and runs: commands that can be pasted, errors with a way on."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

__all__ = ["Console", "Failure", "die", "lines_of"]

_TAIL = 25
"""Lines of a failed step's log that are shown at once."""

_QUIET_BEAT = 30.0
"""Seconds between two signs of life where the output is no terminal."""


class Failure(Exception):
    """A step that cannot go on: what happened, and what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


def die(message: str, hint: str = "") -> NoReturn:
    """Stop with @message; @hint says what the reader can do next."""
    raise Failure(message, hint)


def lines_of(path: Path, last: int) -> list[str]:
    """The @last lines of a log, with bytes that are no UTF-8 shown escaped."""
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8", errors="backslashreplace").splitlines()[-last:]


def _pasteable(argv: Sequence[str], cwd: Path | None, env: Mapping[str, str]) -> str:
    words = " ".join([*(f"{k}={shlex.quote(v)}" for k, v in env.items()), shlex.join(argv)])
    return f"(cd {shlex.quote(str(cwd))} && {words})" if cwd else words


@dataclass
class Console:
    """Runs commands for the build, and keeps how long each kind of step took."""

    logs: Path
    times: Path
    dry_run: bool = False
    out: IO[str] = field(default_factory=lambda: sys.stdout)

    def say(self, text: str) -> None:
        """One line to the reader."""
        print(text, file=self.out, flush=True)

    def show(
        self, argv: Sequence[str], cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        """Print a command as it could be typed."""
        self.say("+ " + _pasteable(argv, cwd, env or {}))

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        hint: str = "",
    ) -> None:
        """Run a short command on the reader's terminal; Failure when its status is not 0."""
        self.show(argv, cwd, env)
        if self.dry_run:
            return
        status = subprocess.run(argv, cwd=cwd, env={**os.environ, **(env or {})}).returncode
        if status:
            die(f"{argv[0]} failed (status {status})", hint or "its own words stand above")

    def read(
        self, argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """The output of a command that changes nothing; it runs in a dry run too."""
        try:
            done = subprocess.run(
                argv, cwd=cwd, env={**os.environ, **(env or {})}, text=True, capture_output=True
            )
        except FileNotFoundError:
            die(f"{argv[0]}: no such command", "make deps installs what the build needs")
        if done.returncode:
            self.show(argv, cwd, env)
            die(f"{argv[0]} failed (status {done.returncode}): {done.stderr.strip()}")
        return done.stdout

    def step(
        self,
        name: str,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        hint: str = "",
        timeout: float | None = None,
    ) -> Path:
        """Run a long command with its output in a log of its own; return the log.

        The terminal shows the time it has taken and the time it took before. Raises
        Failure with the log's last lines when the status is not 0, or after
        @timeout seconds.
        """
        log = self.logs / f"{name}.log"
        self.show(argv, cwd, env)
        if self.dry_run:
            return log
        log.parent.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        with log.open("wb") as out:
            child = subprocess.Popen(
                argv,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                status = self._watch(child, name, started, timeout)
            except BaseException:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                raise
        took = time.monotonic() - started
        if status:
            for line in lines_of(log, _TAIL):
                self.say("    " + line)
            die(f"{name} failed (status {status}, after {took:.0f} s)", hint or f"the log: {log}")
        self._remember(name, took)
        self.say(f"  {name}: {took:.0f} s")
        return log

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Hold @name for a while: two makes in one folder would break each other's files."""
        if self.dry_run:
            yield
            return
        path = self.logs.parent / "lock" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.say(f"  waiting for another build of {name} in this checkout")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _watch(
        self, child: subprocess.Popen[bytes], name: str, started: float, timeout: float | None
    ) -> int:
        """Wait for @child and show that time passes."""
        expected = self._times().get(name)
        terminal = self.out.isatty()
        told = started
        while True:
            try:
                status = child.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                pass
            else:
                if terminal:
                    print("\r\033[K", end="", file=self.out, flush=True)
                return status
            now = time.monotonic()
            if timeout is not None and now - started > timeout:
                die(f"{name} took more than {timeout:.0f} s", "see its log under build/log/")
            note = f"  {name}: {now - started:.0f} s"
            note += f" of about {expected:.0f} s" if expected else ""
            if terminal:
                print(f"\r\033[K{note}", end="", file=self.out, flush=True)
            elif now - told >= _QUIET_BEAT:
                told = now
                self.say(note)

    def _times(self) -> dict[str, float]:
        """Seconds each step took the last time; an unreadable file is no reason to fail."""
        try:
            known = json.loads(self.times.read_text())
        except (OSError, ValueError):
            return {}
        return {str(k): float(v) for k, v in known.items()} if isinstance(known, dict) else {}

    def _remember(self, name: str, took: float) -> None:
        self.times.parent.mkdir(parents=True, exist_ok=True)
        times = {**self._times(), name: round(took, 1)}
        self.times.write_text(json.dumps(times, indent=1, sort_keys=True) + "\n")
