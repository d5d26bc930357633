# SPDX-License-Identifier: Apache-2.0
"""The memory of a process outside is read: process_vm_readv."""

import ctypes
import struct

from tests.escapes.kit import Denied, Escape, Stage, call


def attempt(stage: Stage) -> object:
    room = ctypes.create_string_buffer(64)
    here = struct.pack("QQ", ctypes.addressof(room), 64)
    there = struct.pack("QQ", id(stage), 64)
    call("process_vm_readv", stage.supervisor, here, 1, there, 1, 0)
    return room.raw


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/ptrace"))
