# SPDX-License-Identifier: Apache-2.0
"""The hypervisor's channel: `python -m pycoconut.daemon.channel /dev/vportNpM`.

Who owns the machine's memory needs no leave of it, so who gave it the port
commands root. A line of JSON is a command, {"run": [words], "timeout": seconds};
the answer is lines of {"out": text} as it comes, and {"exit": status} at the
end: minus the signal's number where one ended it.
"""

from __future__ import annotations

import codecs
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from pycoconut.daemon.process import ENVIRONMENT

__all__ = ["main"]

LINE_MAX = 64 << 10
TIMEOUT = 600.0


class Port:
    """Lines in and out. With no one at the other end reads give nothing: wait then."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._buffer = b""

    def line(self) -> bytes:
        """The next line; what is too long for one is dropped."""
        while b"\n" not in self._buffer:
            data = os.read(self._fd, 4096)
            if not data:
                time.sleep(0.2)
            self._buffer = (self._buffer + data)[-LINE_MAX:]
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line

    def say(self, **message: str | int) -> None:
        """Send one line."""
        view = memoryview(json.dumps(message).encode() + b"\n")
        while view:
            view = view[os.write(self._fd, view) :]


def _run(port: Port, words: list[str], timeout: float) -> int:
    child = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**ENVIRONMENT, "HOME": "/root"},
        cwd="/root",
        start_new_session=True,
    )
    assert child.stdout is not None
    end = time.monotonic() + timeout
    text = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    while True:
        ready, _, _ = select.select([child.stdout], [], [], max(0.0, end - time.monotonic()))
        data = os.read(child.stdout.fileno(), 4096) if ready else b""
        if not data:
            break
        port.say(out=text.decode(data))
    try:
        return child.wait(timeout=max(0.1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return child.wait()


def _serve(port: Port, line: bytes) -> None:
    try:
        request = json.loads(line)
        words, timeout = request["run"], float(request.get("timeout", TIMEOUT))
        if not words or not all(isinstance(word, str) for word in words):
            raise ValueError("run is no list of words")
    except (ValueError, KeyError, TypeError) as error:
        port.say(out=f"channel: {error}\n")
        port.say(exit=125)
        return
    try:
        status = _run(port, words, timeout)
    except OSError as error:
        port.say(out=f"channel: {error}\n")
        status = 127
    port.say(exit=status)


def main(argv: list[str]) -> int:
    """Serve for ever."""
    if len(argv) != 1:
        print("usage: python -m pycoconut.daemon.channel PORT", file=sys.stderr)
        return 2
    port = Port(Path(argv[0]))
    while True:
        _serve(port, port.line())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
