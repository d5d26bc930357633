# SPDX-License-Identifier: Apache-2.0
"""The image in QEMU: firmware, console, and the channel by which it is commanded."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pycoconut.guest.kvm import Accel
from pycoconut.kbuild.console import Console, Failure, die

__all__ = ["Done", "Machine", "booted", "command_line", "interactive"]

PORT = "org.coconut.channel"
_OVMF = (
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
)
BOOT_TIMEOUT = 240.0
"""Seconds from power on to the first answer, without KVM on a busy host."""


@dataclass(frozen=True)
class Done:
    """A command that ran in the machine."""

    status: int
    output: str


def _uefi(work: Path) -> list[str]:
    """Firmware, and a copy of its variables that it may write."""
    for code, variables in _OVMF:
        if Path(code).exists():
            copy = work / "variables.fd"
            shutil.copyfile(variables, copy)
            return [
                *("-drive", f"if=pflash,format=raw,readonly=on,file={code}"),
                *("-drive", f"if=pflash,format=raw,file={copy}"),
            ]
    die("there is no UEFI firmware for QEMU", "Debian: ovmf")


def command_line(
    iso: Path, accel: Accel, work: Path, *, uefi: bool = False, stick: bool = False
) -> list[str]:
    """QEMU's words, but for consoles: the image as a CD, or as a @stick."""
    drive = f"id=medium,if=none,format=raw,readonly=on,file={iso}"
    device = "virtio-blk-pci,drive=medium" if stick else "ide-cd,drive=medium"
    return [
        *("qemu-system-x86_64", "-accel", accel.name, "-machine", "q35"),
        *("-cpu", "host" if accel.kvm else "max", "-smp", "2", "-m", "1024"),
        *("-nodefaults", "-no-user-config", "-no-reboot", "-vga", "std"),
        *(_uefi(work) if uefi else ()),
        *("-drive", drive, "-device", device, "-device", "virtio-rng-pci"),
    ]


@dataclass
class Machine:
    """A machine that runs, and its channel."""

    process: subprocess.Popen[bytes]
    channel: Path
    serial: Path
    _connection: socket.socket | None = field(default=None)
    _buffer: bytes = b""

    def _connect(self, deadline: float) -> socket.socket:
        while self._connection is None:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self.channel))
                self._connection = connection
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                self._alive(deadline)
                time.sleep(0.05)
        return self._connection

    def close(self) -> None:
        """Let go of the channel."""
        if self._connection is not None:
            self._connection.close()

    def _alive(self, deadline: float) -> None:
        if self.process.poll() is not None:
            die(f"the machine ended with status {self.process.returncode}", self._last_words())
        if time.monotonic() > deadline:
            die("the machine does not answer", self._last_words())

    def _last_words(self) -> str:
        text = self.serial.read_text(errors="replace") if self.serial.exists() else ""
        return f"its console, {self.serial}, ends with:\n{text[-2000:]}"

    def run(
        self,
        words: Sequence[str],
        *,
        timeout: float = BOOT_TIMEOUT,
        show: Callable[[str], None] = lambda _: None,
    ) -> Done:
        """Run a command as root, outside every agent; its output goes to @show as it comes.

        Raises:
            Failure: The machine ended, or gave no answer within @timeout seconds.
        """
        deadline = time.monotonic() + timeout
        connection = self._connect(deadline)
        request = {"run": list(words), "timeout": timeout}
        connection.sendall(json.dumps(request).encode() + b"\n")
        output: list[str] = []
        for message in self._messages(connection, deadline):
            if "exit" in message:
                return Done(int(message["exit"]), "".join(output))
            output.append(str(message["out"]))
            show(output[-1])
        raise AssertionError("messages end by an exception only")

    def _messages(
        self, connection: socket.socket, deadline: float
    ) -> Iterator[dict[str, str | int]]:
        while True:
            while b"\n" not in self._buffer:
                self._alive(deadline)
                connection.settimeout(1.0)
                try:
                    data = connection.recv(65536)
                except TimeoutError:
                    continue
                if not data:
                    die("the machine closed its channel", self._last_words())
                self._buffer += data
            line, self._buffer = self._buffer.split(b"\n", 1)
            yield json.loads(line)

    def ended(self, timeout: float = 90.0) -> int:
        """QEMU's status once the machine powered itself off.

        Raises:
            Failure: It still runs after @timeout seconds.
        """
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise Failure("the machine does not power off", self._last_words()) from error


@contextmanager
def booted(
    console: Console,
    iso: Path,
    accel: Accel,
    serial: Path,
    *,
    uefi: bool = False,
    stick: bool = False,
) -> Iterator[Machine]:
    """A machine with the image in it, its console in a file; killed at the end of the block."""
    serial.parent.mkdir(parents=True, exist_ok=True)
    # A socket's path has a bound of about a hundred bytes: not below the checkout.
    with tempfile.TemporaryDirectory(prefix="coconut-vm-") as tmp:
        work = Path(tmp)
        path = work / "channel"
        argv = [
            *command_line(iso, accel, work, uefi=uefi, stick=stick),
            *("-display", "none", "-serial", f"file:{serial}"),
            *("-device", "virtio-serial-pci"),
            *("-chardev", f"socket,id=channel,path={path},server=on,wait=off"),
            *("-device", f"virtserialport,chardev=channel,name={PORT}"),
        ]
        console.show(argv)
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        machine = Machine(process, path, serial)
        try:
            yield machine
        finally:
            machine.close()
            if process.poll() is None:
                process.kill()
            process.wait()


def interactive(console: Console, iso: Path, accel: Accel, *, uefi: bool = False) -> int:
    """The image with its serial console on this terminal; return QEMU's status."""
    console.say(f"accelerator: {accel.name} ({accel.why})")
    console.say("log in as root; `poweroff` ends it, Ctrl-A X kills it")
    with tempfile.TemporaryDirectory(prefix="coconut-vm-") as tmp:
        argv = [
            *command_line(iso, accel, Path(tmp), uefi=uefi),
            *("-display", "none", "-serial", "mon:stdio"),
        ]
        console.show(argv)
        return 0 if console.dry_run else subprocess.run(argv).returncode
