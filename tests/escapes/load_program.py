# SPDX-License-Identifier: Apache-2.0
"""Code of the agent's is verified and run by the kernel: bpf (CVE-2022-23222)."""

from tests.escapes.kit import Denied, Escape, Stage, syscall

BPF = 321
BPF_MAP_CREATE = 0


def attempt(_stage: Stage) -> object:
    return syscall(BPF, BPF_MAP_CREATE, bytes(72), 72)


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "bpf"))
