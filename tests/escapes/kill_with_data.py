# SPDX-License-Identifier: Apache-2.0
"""A queued signal that carries data to a process outside: rt_sigqueueinfo."""

import ctypes
import signal
import struct

from tests.escapes.kit import Denied, Escape, Stage, syscall

RT_SIGQUEUEINFO = 129
SI_QUEUE = -1


def attempt(stage: Stage) -> object:
    info = ctypes.create_string_buffer(struct.pack("iii", signal.SIGUSR1, 0, SI_QUEUE), 128)
    return syscall(RT_SIGQUEUEINFO, stage.supervisor, int(signal.SIGUSR1), info)


ESCAPE = Escape(attempt, "EPERM", Denied("agent", "a:00000/signal"))
