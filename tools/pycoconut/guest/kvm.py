# SPDX-License-Identifier: Apache-2.0
"""Whether /dev/kvm does what it promises.

On a host that is itself a guest it may open, and make a machine, and then hang or
die on the first vCPU. So it is believed only after one has been set up with it.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Accel", "probe"]

_PATIENCE = 10.0
"""Seconds for a machine that is never started to come up and quit."""


@dataclass(frozen=True)
class Accel:
    """QEMU's accelerator, and why it is this one."""

    name: str
    why: str

    @property
    def kvm(self) -> bool:
        """Whether the guest runs on the CPU itself."""
        return self.name == "kvm"


def probe(
    device: Path = Path("/dev/kvm"),
    cpuinfo: Path = Path("/proc/cpuinfo"),
    qemu: str = "qemu-system-x86_64",
) -> Accel:
    """KVM where it really works, else TCG."""
    if os.environ.get("COCONUT_ACCEL") == "tcg":
        return Accel("tcg", "COCONUT_ACCEL=tcg")
    if not device.exists():
        return Accel("tcg", f"there is no {device}")
    if not os.access(device, os.R_OK | os.W_OK):
        return Accel("tcg", f"{device} may not be opened: join the group kvm")
    flags = cpuinfo.read_text(errors="replace").split()
    if "vmx" not in flags and "svm" not in flags:
        return Accel("tcg", f"{device} opens, but the CPU has neither vmx nor svm")
    argv = [
        *(qemu, "-accel", "kvm", "-machine", "q35", "-cpu", "host", "-smp", "2"),
        *("-nodefaults", "-display", "none", "-S", "-monitor", "stdio"),
    ]
    try:
        done = subprocess.run(argv, input=b"quit\n", capture_output=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return Accel("tcg", f"{device} hangs when a CPU is set up")
    except FileNotFoundError:
        return Accel("tcg", f"there is no {qemu}")
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        return Accel("tcg", f"{device} does not work: {words[-1] if words else done.returncode}")
    return Accel("kvm", f"{device} works")
