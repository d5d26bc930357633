# SPDX-License-Identifier: Apache-2.0
"""One renderer an output: OUTPUTS says which file each makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..model import Spec
from . import constants, errnos, fuzz, header, package, page, rows, structs

__all__ = ["OUTPUTS"]

OUTPUTS: Mapping[str, Callable[[Spec], str]] = {
    "include/uapi/linux/agent.h": header.render,
    "syscalls/rows.txt": rows.render,
    "tools/pycoconut/abi/__init__.py": package.render,
    "tools/pycoconut/abi/constants.py": constants.render,
    "tools/pycoconut/abi/structs.py": structs.render,
    "tools/pycoconut/abi/errnos.py": errnos.render,
    "tests/fuzz/descriptions.h": fuzz.render,
    "Documentation/userspace-api/coconut/abi.rst": page.render,
}
