# SPDX-License-Identifier: Apache-2.0
"""The lines that a patch adds to Linux's own syscall tables, file by file.

Linux keeps these tables, so they change by a patch; this text is what the patch
must add, and --check compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model import Spec
from .text import source, tabbed

__all__ = ["render", "rows"]


def rows(spec: Spec) -> Mapping[str, tuple[str, ...]]:
    """Path in Linux -> the lines that must stand there, in order."""
    calls = spec.calls

    def table(column: int) -> tuple[str, ...]:
        return tuple(tabbed(f"{c.nr}\tcommon\t{c.name}", column) + f"sys_{c.name}" for c in calls)

    return {
        "arch/x86/entry/syscalls/syscall_64.tbl": table(40),
        "scripts/syscall.tbl": table(48),
        "include/linux/syscalls.h": (
            *(f"struct {c.args};" for c in calls),
            *(
                f"asmlinkage long sys_{c.name}(struct {c.args} __user *args, size_t size);"
                for c in calls
            ),
        ),
        "kernel/sys_ni.c": tuple(f"COND_SYSCALL({c.name});" for c in calls),
    }


def render(spec: Spec) -> str:
    lines = [f"# {source(spec)}", "# SPDX-License-Identifier: Apache-2.0"]
    for path, text in rows(spec).items():
        lines += ["", f"# {path}", *text]
    return "\n".join([*lines, ""])
