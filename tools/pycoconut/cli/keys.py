# SPDX-License-Identifier: Apache-2.0
"""keys: new, show, list, add, seal."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..keys import SecretKey, read_public
from .base import Command, Commands, Out, agentfs

__all__ = ["COMMANDS"]


def _new_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="is not overwritten")
    parser.add_argument("--label", help="what people call it; by default the file's name")


def _new(options: argparse.Namespace, out: Out) -> int:
    key = SecretKey.make(options.label or options.file.stem)
    public = key.write(options.file)
    result = {"file": str(options.file), "public": str(public), "key": key.public.raw.hex()}
    out.result(result, f"{key.public}\nwrote {options.file} (secret) and {public}")
    return 0


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="secret key")


def _show(options: argparse.Namespace, out: Out) -> int:
    public = SecretKey.read(options.file).public
    out.result({"key": public.raw.hex(), "label": public.label}, str(public))
    return 0


def _list(_options: argparse.Namespace, out: Out) -> int:
    sealed, found = agentfs().authorizers()
    out.result(
        {"sealed": sealed, "keys": [{"key": k.raw.hex(), "label": k.label} for k in found]},
        lambda: "\n".join(["sealed" if sealed else "open", *map(str, found)]),
    )
    return 0


def _public(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", help="64 hexadecimal digits, or a .pub file")


def _add(options: argparse.Namespace, out: Out) -> int:
    key = read_public(options.key)
    agentfs().add_authorizer(key)
    out.result({"key": key.raw.hex(), "label": key.label}, f"added {key}")
    return 0


def _seal(_options: argparse.Namespace, out: Out) -> int:
    agentfs().seal_authorizers()
    out.result({"sealed": True}, "sealed: no key is added until the next boot")
    return 0


COMMANDS: Commands = (
    Command(
        "keys",
        "make keys, and manage those that may authorise manifests",
        commands=(
            Command("new", "make a key pair", _new_arguments, _new),
            Command("show", "show the public half of a secret key", _file, _show),
            Command("list", "list the kernel's authorizers", None, _list),
            Command("add", "add an authorizer to the kernel's keyring", _public, _add),
            Command("seal", "seal the keyring", None, _seal),
        ),
    ),
)
