# SPDX-License-Identifier: Apache-2.0
"""Reads a manifest as it is written, in YAML or TOML, and says all that is wrong with it."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from blake3 import blake3

from .. import spellings
from ..abi import AuditLevel, Lane, QuotaKind, Restart
from ..amount import AmountError, parse_amount
from ..caps import Capability, CapError
from .model import Finding, Manifest, ManifestError, check

__all__ = ["lint", "load", "loads"]

Choice = TypeVar("Choice", Lane, AuditLevel, Restart)


class _Reader:
    """Makes a manifest of plain data, and collects what is wrong with it."""

    def __init__(self, data: Mapping[str, Any], folder: Path) -> None:
        self.data = data
        self.folder = folder
        self.findings: list[Finding] = []

    def wrong(self, where: str, message: str, fatal: bool = True) -> None:
        self.findings.append(Finding(where, message, fatal))

    def manifest(self) -> Manifest:
        for key in self.data:
            if key in NOT_SIGNED:
                self.wrong(key, NOT_SIGNED[key], fatal=False)
            elif key not in KNOWN:
                self.wrong(str(key), f"no such key; known: {', '.join(KNOWN)}")
        if "name" not in self.data:
            self.wrong("name", "is missing")
        manifest = Manifest(
            name=self.text("name", "unnamed"),
            tenant=self.text("tenant", "default"),
            lane=self.choice("lane", Lane, Lane.NORMAL),
            capabilities=self.capabilities(),
            code=self.code(),
            model=self.text("model", "") or None,
            quotas=self.quotas(),
            approval=self.approval(),
            audit=self.choice("audit", AuditLevel, AuditLevel.DECISIONS),
            restart=self.choice("restart", Restart, Restart.NEVER),
            argv=self.argv(),
            permissive=self.permissive(),
        )
        self.findings += check(manifest)
        self.advise(manifest)
        return manifest

    def text(self, key: str, default: str) -> str:
        value = self.data.get(key, default)
        if not isinstance(value, str):
            self.wrong(key, f"is no text: {value!r}")
            return default
        return value

    def choice(self, key: str, kind: type[Choice], default: Choice) -> Choice:
        value = self.data.get(key, default.name.lower())
        names = {str(member.name).lower(): member for member in kind}
        if not isinstance(value, str) or value not in names:
            self.wrong(key, f"{value!r} is none of {', '.join(names)}")
            return default
        return names[value]

    def items(self, key: str) -> list[Any]:
        value = self.data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(key, "is no list")
            return []
        return value

    def capabilities(self) -> tuple[Capability, ...]:
        found: list[Capability] = []
        for i, item in enumerate(self.items("capabilities")):
            where = f"capabilities[{i}]"
            # Without quotes YAML reads `file_read: /data/*` as a mapping.
            if isinstance(item, dict) and len(item) == 1:
                ((key, value),) = item.items()
                item = f"{key}: {value}"
            if not isinstance(item, str):
                self.wrong(where, f"is no text: {item!r}")
                continue
            try:
                found += spellings.read(item)
            except CapError as error:
                self.wrong(where, f"{error}" + (f" ({error.hint})" if error.hint else ""))
        return tuple(found)

    def code(self) -> tuple[bytes, ...]:
        found = []
        for i, item in enumerate(self.items("code")):
            text = str(item)
            if text.startswith("blake3="):
                if re.fullmatch(r"blake3=[0-9a-f]{64}", text):
                    found.append(bytes.fromhex(text[7:]))
                else:
                    self.wrong(f"code[{i}]", "no digest: blake3= and 64 hexadecimal digits")
                continue
            try:
                found.append(blake3((self.folder / text).read_bytes()).digest())
            except OSError as error:
                self.wrong(f"code[{i}]", f"cannot be hashed: {error}")
        return tuple(found)

    def quotas(self) -> dict[QuotaKind, int]:
        value = self.data.get("quotas") or {}
        if not isinstance(value, dict):
            self.wrong("quotas", "is no mapping")
            return {}
        names = {kind.name.lower(): kind for kind in QuotaKind}
        found = {}
        for key, item in value.items():
            if key not in names:
                self.wrong(f"quotas.{key}", f"no such kind; known: {', '.join(names)}")
                continue
            try:
                found[names[key]] = parse_amount(str(item))
            except AmountError:
                self.wrong(f"quotas.{key}", f"{item!r} is no amount; 1000 or 512M")
        return dict(sorted(found.items()))

    def approval(self) -> tuple[str, ...]:
        found = []
        for key in ("approval", "approval_required"):
            for i, item in enumerate(self.items(key)):
                if not isinstance(item, str):
                    self.wrong(f"{key}[{i}]", f"is no text: {item!r}")
                    continue
                # A bare word is a tool.
                name = item.replace(": ", ":")
                found.append(name if ":" in name else f"tool:{name}")
        return tuple(found)

    def argv(self) -> tuple[str, ...]:
        value = self.data.get("argv", [])
        if isinstance(value, str):
            try:
                return tuple(shlex.split(value))
            except ValueError as error:
                self.wrong("argv", str(error))
                return ()
        if not isinstance(value, list) or not all(isinstance(arg, str) for arg in value):
            self.wrong("argv", "is neither a line nor a list of texts")
            return ()
        return tuple(value)

    def permissive(self) -> bool:
        value = self.data.get("permissive", False)
        if not isinstance(value, bool):
            self.wrong("permissive", f"{value!r} is neither true nor false")
            return False
        return value

    def advise(self, manifest: Manifest) -> None:
        """What is allowed and yet rarely meant."""
        if not manifest.capabilities and not manifest.permissive:
            self.wrong("capabilities", "none: the agent may do nothing", fatal=False)
        for i, cap in enumerate(manifest.capabilities):
            if str(cap).startswith(("fs:/*:", "exec:/*:")) and not cap.carves:
                self.wrong(f"capabilities[{i}]", f"covers everything: {cap}", fatal=False)
        if manifest.permissive:
            self.wrong("permissive", "holds nothing back: for learning only", fatal=False)
        if manifest.restart != Restart.NEVER and not manifest.argv:
            self.wrong("restart", "nothing to start again: no argv", fatal=False)


KNOWN = (
    "name",
    "tenant",
    "lane",
    "capabilities",
    "code",
    "model",
    "quotas",
    "approval",
    "approval_required",
    "audit",
    "restart",
    "argv",
    "permissive",
)
#: Keys of other systems' manifests that are read and not signed.
NOT_SIGNED: Mapping[str, str] = {
    "system_prompt": "is left to the agent's runtime: it is not signed",
    "description": "is for people: it is not signed",
}


def _yaml(text: str) -> Any:
    return yaml.safe_load(text)


LANGUAGES: Mapping[str, Callable[[str], Any]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".toml": tomllib.loads,
}


def lint(
    text: str, suffix: str = ".yaml", folder: Path = Path()
) -> tuple[Manifest | None, list[Finding]]:
    """Reads a manifest and says all there is to say of it.

    Args:
        text: What the file holds.
        suffix: Which language: .yaml, .yml or .toml.
        folder: Where relative paths under `code` start.

    Returns:
        The manifest, None if a finding is fatal; and the findings.
    """
    reader = LANGUAGES.get(suffix)
    if reader is None:
        return None, [Finding("", f"no language for {suffix or 'a file without a suffix'}")]
    try:
        data = reader(text)
    except (yaml.YAMLError, tomllib.TOMLDecodeError, RecursionError) as error:
        return None, [Finding("", f"not {suffix[1:].upper()}: {error}")]
    if not isinstance(data, dict):
        return None, [Finding("", "is no mapping of keys to values")]
    builder = _Reader(data, folder)
    manifest = builder.manifest()
    if any(finding.fatal for finding in builder.findings):
        return None, builder.findings
    return manifest, builder.findings


def loads(text: str, suffix: str = ".yaml", folder: Path = Path()) -> Manifest:
    """As lint(); warnings are not said.

    Raises:
        ManifestError: With every fatal finding.
    """
    manifest, findings = lint(text, suffix, folder)
    if manifest is None:
        lines = [str(f) for f in findings if f.fatal]
        raise ManifestError("\n".join(lines), hint="coconut manifest lint FILE")
    return manifest


def load(path: Path) -> Manifest:
    """Reads a manifest in YAML or TOML.

    Raises:
        ManifestError: It is none.
        OSError: It cannot be read.
    """
    return loads(path.read_text(encoding="utf-8"), path.suffix, path.parent)
