# SPDX-License-Identifier: Apache-2.0
"""`python -m pycoconut.imgbuild iso|run|demo|sbom`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pycoconut.guest.kvm import probe
from pycoconut.imgbuild import demo, machine
from pycoconut.imgbuild.image import Image
from pycoconut.kbuild.base import load_base, places
from pycoconut.kbuild.console import Console, Failure

__all__ = ["main"]


def _iso(image: Image, _: argparse.Namespace) -> int:
    image.build()
    return 0


def _run(image: Image, args: argparse.Namespace) -> int:
    return machine.interactive(image.console, image.build(), probe(), uefi=args.uefi)


def _demo(image: Image, args: argparse.Namespace) -> int:
    iso = image.build()
    if image.console.dry_run:
        image.console.show(machine.command_line(iso, probe(), image.work))
        return 0
    return demo.play(image.console, iso, probe(), uefi=args.uefi)


def _sbom(image: Image, _: argparse.Namespace) -> int:
    image.build()
    if not image.console.dry_run:
        sys.stdout.write((image.folder / "coconut.spdx.json").read_text())
    return 0


COMMANDS: dict[str, Callable[[Image, argparse.Namespace], int]] = {
    "demo": _demo,
    "iso": _iso,
    "run": _run,
    "sbom": _sbom,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="coconut-image", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        one = commands.add_parser(name)
        one.add_argument("--dry-run", action="store_true", help="print the commands only")
        one.add_argument("--uefi", action="store_true", help="boot by UEFI, not by BIOS")
        one.add_argument("--kernel", type=Path, help="boot this one, not build/kernel/vm's")
    return parser


def main(argv: Sequence[str]) -> int:
    """Run one command; return its status."""
    args = _parser().parse_args(argv)
    where = places()
    console = Console(where.logs, where.times, dry_run=args.dry_run)
    os.umask(0o022)
    # mkfs.fat stands where only root looks.
    os.environ["PATH"] = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    try:
        image = Image.of(console, load_base(), where, args.kernel)
        return COMMANDS[args.command](image, args)
    except Failure as failure:
        print(f"coconut: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
