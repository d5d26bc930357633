# SPDX-License-Identifier: Apache-2.0
"""The memory of a process outside is written: process_vm_writev."""

import ctypes
import struct

from tests.escapes.kit import Denied, Escape, Stage, call

TARGET = ctypes.create_string_buffer(b"intact", 64)


def attempt(stage: Stage) -> object:
    room = ctypes.create_string_buffer(b"harmed", 64)
    here = struct.pack("QQ", ctypes.addressof(room), 64)
    there = struct.pack("QQ", ctypes.addressof(TARGET), 64)
    return call("process_vm_writev", stage.supervisor, here, 1, there, 1, 0)


def harm(_stage: Stage) -> str | None:
    return None if TARGET.value == b"intact" else "memory was written"


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/ptrace"), harm=harm)
