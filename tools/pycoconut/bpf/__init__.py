# SPDX-License-Identifier: Apache-2.0
"""The capability decisions as BPF-LSM programs, for a kernel that is not Coconut.

Needs bcc (Debian: python3-bpfcc), which is imported only once programs are loaded.
"""

from __future__ import annotations

from .btf import Btf, BtfError
from .denial import Denial, DenialError
from .enforce import CANNOT_EXECUTE, CANNOT_HOLD, NOT_FOUND, Holder, run
from .policy import NEVER_HELD, Policy, PolicyError, translate
from .programs import HOOKS, BpfError, Programs

__all__ = [
    "CANNOT_EXECUTE",
    "CANNOT_HOLD",
    "HOOKS",
    "NEVER_HELD",
    "NOT_FOUND",
    "BpfError",
    "Btf",
    "BtfError",
    "Denial",
    "DenialError",
    "Holder",
    "Policy",
    "PolicyError",
    "Programs",
    "run",
    "translate",
]
