# SPDX-License-Identifier: Apache-2.0
"""manifest: new, lint, sign, show."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from .. import manifest as manifests
from ..manifest import Manifest
from ..templates import placeholders, read_template
from .base import (
    FAILED,
    SIGN1_MARK,
    Command,
    Commands,
    Out,
    UsageError,
    key_argument,
    secret_key,
    template_text,
)

__all__ = ["COMMANDS"]


def _new_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="of the agent")
    parser.add_argument(
        "--template",
        required=True,
        metavar="TEMPLATE",
        help="what to begin with: its name in /agent/policy/caps, or a file",
    )
    parser.add_argument("--tenant", default="default", help="whose it is; TENANT in the template")
    parser.add_argument(
        "--home", type=Path, default=Path.home(), metavar="FOLDER", help="HOME in the template"
    )
    parser.add_argument("--output", "--out", "-o", type=Path, metavar="FILE", help="else stdout")


def _new(options: argparse.Namespace, out: Out) -> int:
    text = template_text(options.template)
    if "TENANT" in placeholders(text) and options.tenant == "default":
        raise UsageError(f"{options.template} is for one tenant each", hint="--tenant NAME")
    caps = read_template(text, tenant=options.tenant, home=str(options.home))
    manifest = Manifest(options.name, tenant=options.tenant, capabilities=tuple(caps))
    lines = [f"# From the template {options.template}. Take out what the agent does not need."]
    lines += [f"{key}: {json.dumps(value)}" for key, value in manifest.describe().items() if value]
    made = "\n".join(lines)
    manifests.loads(made)
    if options.output is None:
        out.result(manifest.describe(), made)
    else:
        options.output.write_text(made + "\n")
        out.result({"file": str(options.output)}, f"wrote {options.output}")
    return 0


def _lint_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="YAML or TOML")
    parser.add_argument("--strict", action="store_true", help="warnings are errors")


def _lint(options: argparse.Namespace, out: Out) -> int:
    found: list[dict[str, Any]] = []
    for path in options.files:
        _, findings = manifests.lint(
            path.read_text(encoding="utf-8", errors="replace"), path.suffix, path.parent
        )
        found += [
            {"file": str(path), "where": f.where, "message": f.message, "error": f.fatal}
            for f in findings
        ]
    out.result(found, lambda: "\n".join(_lint_line(finding) for finding in found))
    return FAILED if any(f["error"] or options.strict for f in found) else 0


def _lint_line(finding: dict[str, Any]) -> str:
    kind = "error" if finding["error"] else "warning"
    where = f"{finding['where']}: " if finding["where"] else ""
    return f"{finding['file']}: {kind}: {where}{finding['message']}"


def _sign_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="YAML or TOML")
    key_argument(parser)
    parser.add_argument(
        "--output",
        "--out",
        "-o",
        type=Path,
        metavar="FILE",
        help="by default FILE with .cose as its suffix",
    )


def _sign(options: argparse.Namespace, out: Out) -> int:
    manifest = manifests.load(options.file)
    key = secret_key(options.key)
    data = manifest.sign(key)
    path = options.output or options.file.with_suffix(".cose")
    path.write_bytes(data)
    digest = manifests.parse_signed(data).digest.hex()
    result = {"file": str(path), "digest": digest, "authorizer": key.public.raw.hex()}
    out.result(result, f"wrote {path}\ndigest {digest}")
    return 0


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="signed or not; - is standard input"
    )


def _show(options: argparse.Namespace, out: Out) -> int:
    stdin = str(options.file) == "-"
    data = sys.stdin.buffer.read() if stdin else options.file.read_bytes()
    value: dict[str, Any]
    if data.startswith(SIGN1_MARK):
        signed = manifests.parse_signed(data)
        value = {
            **signed.manifest.describe(),
            "authorizer": signed.authorizer.hex(),
            "signature": "valid" if signed.verified else "wrong",
            "digest": signed.digest.hex(),
        }
    else:
        suffix = ".yaml" if stdin else options.file.suffix
        text = data.decode("utf-8", "replace")
        value = manifests.loads(text, suffix, options.file.parent).describe()
    out.result(value, lambda: yaml.safe_dump(value, sort_keys=False, allow_unicode=True).rstrip())
    return FAILED if value.get("signature") == "wrong" else 0


COMMANDS: Commands = (
    Command(
        "manifest",
        "check, sign and show manifests",
        commands=(
            Command("new", "begin a manifest with a template", _new_arguments, _new),
            Command("lint", "check manifests", _lint_arguments, _lint),
            Command("sign", "compile and sign a manifest", _sign_arguments, _sign),
            Command("show", "show what a manifest says", _show_arguments, _show),
        ),
    ),
)
