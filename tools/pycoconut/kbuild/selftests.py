# SPDX-License-Identifier: Apache-2.0
"""The C programs of tools/testing/selftests/coconut, built the way kselftest builds."""

from __future__ import annotations

from pathlib import Path

from pycoconut.kbuild.console import die
from pycoconut.kbuild.kernel import Kernel

__all__ = ["build_selftests"]

_OURS = "tools/testing/selftests/coconut"


def build_selftests(kernel: Kernel) -> list[Path]:
    """Build them against the headers of @kernel's tree; return the programs to run."""
    console, tree = kernel.console, kernel.tree.path
    headers = kernel.headers()
    out = kernel.where.build / "kselftest"
    if not console.dry_run:
        out.mkdir(parents=True, exist_ok=True)
    common = ["make", "-C", str(tree / _OURS), f"OUTPUT={out}"]
    console.step("kselftest", [*common, f"KHDR_INCLUDES=-isystem {headers}"])
    if console.dry_run:
        return [out / "base_test"]
    listed = console.read([*common, "-s", "emit_tests", "COLLECTION=coconut"])
    names = [line.split(":", 1)[1] for line in listed.splitlines() if line.startswith("coconut:")]
    programs = [out / Path(name).name for name in names]
    absent = [p for p in programs if not p.exists()]
    if absent or not programs:
        die(f"{_OURS} built no {absent[0] if absent else 'program'}", f"{out} has what it built")
    return programs
