# SPDX-License-Identifier: Apache-2.0
"""Where a process outside keeps its locks is asked: get_robust_list."""

import ctypes

from tests.escapes.kit import Denied, Escape, Stage, syscall

GET_ROBUST_LIST = 274


def attempt(stage: Stage) -> object:
    head, size = ctypes.c_void_p(), ctypes.c_size_t()
    syscall(GET_ROBUST_LIST, stage.supervisor, ctypes.byref(head), ctypes.byref(size))
    return head.value


ESCAPE = Escape(attempt, "EPERM", Denied("task", "a:00000/ptrace"))
