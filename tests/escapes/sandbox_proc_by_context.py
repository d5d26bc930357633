# SPDX-License-Identifier: Apache-2.0
"""The same /proc by fsopen(2) and fsmount(2)."""

import os

from tests.escapes import sandbox
from tests.escapes.kit import Denied, Escape, Stage, call, syscall

FSOPEN, FSCONFIG, FSMOUNT = 430, 431, 432
CMD_CREATE = 6
CLONE_NEWPID = 0x20000000


def mount() -> int:
    """The errno that it meets."""
    try:
        context = syscall(FSOPEN, b"proc", 0)
        syscall(FSCONFIG, context, CMD_CREATE, 0, 0, 0)
        syscall(FSMOUNT, context, 0, 0)
    except OSError as error:
        return error.errno or 0
    return 0


def attempt(_stage: Stage) -> object:
    sandbox.enter()
    call("unshare", CLONE_NEWPID)
    child = os.fork()
    if not child:
        os._exit(mount())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))
    return "mounted"


ESCAPE = Escape(attempt, "EPERM", Denied("mount", "fsmount"), caps=(sandbox.RIGHT,))
