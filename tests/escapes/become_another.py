# SPDX-License-Identifier: Apache-2.0
"""Another agent is entered, to act with what that one holds: lsm_set_self_attr."""

import struct

from pycoconut import syscalls
from pycoconut.aid import format_aid
from pycoconut.manifest import Manifest
from tests.escapes.kit import Denied, Escape, Stage, syscall

LSM_SET_SELF_ATTR = 460
LSM_ATTR_CURRENT = 100
LSM_ID_COCONUT = 200


def prepare(stage: Stage) -> str:
    other = format_aid(syscalls.spawn(Manifest("other").sign(stage.key)).aid)
    stage.words["other"] = other
    return other


def attempt(stage: Stage) -> object:
    text = stage.given.encode()
    context = struct.pack("QQQQ", LSM_ID_COCONUT, 0, 32 + len(text), len(text)) + text
    return syscall(LSM_SET_SELF_ATTR, LSM_ATTR_CURRENT, context, len(context), 0)


ESCAPE = Escape(attempt, "ESRCH", Denied("life", "{other} python"), prepare=prepare)
