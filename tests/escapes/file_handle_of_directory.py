# SPDX-License-Identifier: Apache-2.0
"""A directory is opened by its handle, and what is in it from there."""

import ctypes
import os

from tests.escapes.kit import Denied, Escape, Stage, call

AT_FDCWD = -100


def attempt(stage: Stage) -> object:
    handle = ctypes.create_string_buffer(b"\x80\0\0\0", 8 + 128)
    mount = ctypes.c_int()
    call("name_to_handle_at", AT_FDCWD, bytes(stage.outside), handle, ctypes.byref(mount), 0)
    near = os.open(stage.work, os.O_RDONLY)
    folder = call("open_by_handle_at", near, handle, os.O_PATH | os.O_DIRECTORY)
    return os.read(os.open("secret", os.O_RDONLY, dir_fd=folder), 99)


ESCAPE = Escape(attempt, "EACCES", Denied("fs", "{outside}/secret"))
