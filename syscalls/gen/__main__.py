# SPDX-License-Identifier: Apache-2.0
"""python -m syscalls.gen [--check]: writes, or compares, what the specifications render to."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from . import mediation
from .check import check
from .model import Spec
from .parse import SpecError, parse
from .patches import compare
from .render import OUTPUTS

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]
SPEC = Path("syscalls/agent.yaml")


def _outputs(root: Path) -> tuple[Spec, dict[str, str]]:
    """The specification of the ABI, and the text of each output."""
    spec = parse(root / SPEC, SPEC)
    check(spec)
    texts = {name: render(spec) for name, render in OUTPUTS.items()}
    texts[mediation.OUTPUT] = mediation.render(mediation.parse(root / mediation.SOURCE))
    return spec, texts


def _stale(path: Path, name: str, text: str) -> bool:
    """Prints how the file differs from what it should hold."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if old == text:
        return False
    diff = difflib.unified_diff(
        old.splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"{name} (as it is)",
        f"{name} (as the specification says)",
        n=1,
    )
    print(f"{name}: stale")
    sys.stdout.writelines(list(diff)[:40])
    return True


def main(argv: list[str] | None = None) -> int:
    """0: all is well; 1: stale, or the specification is wrong; 2: usage."""
    parser = argparse.ArgumentParser(prog="python -m syscalls.gen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; 1 if stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="another tree than this one")
    options = parser.parse_args(argv)
    root: Path = options.root
    try:
        spec, texts = _outputs(root)
    except SpecError as error:
        print(error, file=sys.stderr)
        return 1
    stale = False
    for name, text in texts.items():
        path = root / name
        if options.check:
            stale |= _stale(path, name, text)
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    wrong = list(compare(spec, root / "patches"))
    for line in wrong:
        print(line, file=sys.stderr)
    if stale:
        print("hint: make regen", file=sys.stderr)
    return 1 if stale or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
