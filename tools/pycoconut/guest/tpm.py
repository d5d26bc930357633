# SPDX-License-Identifier: Apache-2.0
"""A TPM 2 beside a guest: swtpm, for as long as the guest runs.

QEMU talks to it over a Unix socket. Its state is a folder: of its own for each run, or one
that the caller keeps, which is then the same TPM at the next boot.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType

from pycoconut.kbuild.console import die

__all__ = ["Tpm"]

_START = 10.0
"""Seconds for swtpm to listen."""
_LOOK = 0.05
_LISTENING = "00010000"
"""In /proc/net/unix: __SO_ACCEPTCON."""


class Tpm:
    """One run of it: a context manager."""

    def __init__(self, state: Path | None, dies: Path) -> None:
        """@state: its folder, or None for a new TPM; when the file @dies appears, it is killed."""
        # Not below the build: the path of a socket is short.
        self._folder = Path(tempfile.mkdtemp(prefix="tpm-"))
        self._state = state or self._folder
        self._socket = self._folder / "socket"
        self._dies = dies
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._kill_when_told, daemon=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> list[str]:
        """What starts it; it ends by itself when QEMU has closed the socket."""
        return [
            "swtpm", "socket", "--tpm2", "--terminate",
            "--tpmstate", f"dir={self._state}",
            "--ctrl", f"type=unixio,path={self._socket}",
        ]  # fmt: skip

    @property
    def device(self) -> list[str]:
        """Words for QEMU's command line."""
        return [
            "-chardev", f"socket,id=tpm,path={self._socket}",
            "-tpmdev", "emulator,id=tpm0,chardev=tpm",
            "-device", "tpm-tis,tpmdev=tpm0",
        ]  # fmt: skip

    def __enter__(self) -> Tpm:
        self._state.mkdir(parents=True, exist_ok=True)
        try:
            self._process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)
        except FileNotFoundError:
            shutil.rmtree(self._folder)
            die("there is no swtpm", "make deps (Debian: swtpm)")
        end = time.monotonic() + _START
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > end:
                self._stop()
                die("swtpm does not start", "by hand: " + " ".join(self.command))
            time.sleep(_LOOK)
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._watch.join()
        self._stop()

    def _listens(self) -> bool:
        """The file is there a moment before anybody does; to connect would be to be its client."""
        rows = (line.split() for line in Path("/proc/net/unix").read_text().splitlines())
        return any(row[3] == _LISTENING and row[-1] == str(self._socket) for row in rows)

    def _kill_when_told(self) -> None:
        while not self._over.wait(_LOOK):
            if self._dies.exists() and self._process:
                self._process.kill()
                return

    def _stop(self) -> None:
        """End it by its own id, if QEMU's end did not."""
        if self._process:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
