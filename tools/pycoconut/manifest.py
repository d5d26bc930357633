# SPDX-License-Identifier: Apache-2.0
"""Manifests: written in YAML or TOML, checked, compiled to CBOR, signed.

Form of the CBOR: syscalls/manifest.cddl. How one is written:
Documentation/userspace-api/coconut/manifest.rst.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from blake3 import blake3

from . import cbor, cose, spellings
from .abi import (
    CAP_MAX,
    CAPS_MAX,
    MANIFEST_MAX,
    QUOTA_UNLIMITED,
    AuditLevel,
    Lane,
    QuotaKind,
    Restart,
)
from .caps import Capability, CapError
from .errors import CoconutError
from .keys import SecretKey

__all__ = [
    "Finding",
    "Manifest",
    "ManifestError",
    "Signed",
    "lint",
    "load",
    "loads",
    "parse_signed",
]

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
VERSION = 1
Choice = TypeVar("Choice", Lane, AuditLevel, Restart)
TEXT_MAX, APPROVALS_MAX, CODE_MAX, ARGV_MAX, ARG_MAX = 255, 64, 256, 256, 4096
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class ManifestError(CoconutError):
    """A manifest that is wrong; the message lists all that is, a line each."""


@dataclass(frozen=True)
class Finding:
    """What lint() says of one place in a manifest."""

    where: str
    message: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


@dataclass(frozen=True)
class Manifest:
    """What an agent is and at most may do.

    Attributes:
        name: 1 to 64 of [A-Za-z0-9._-].
        tenant: Whose it is; the same letters.
        lane: Its share of the CPU.
        capabilities: The most that it may hold.
        code: BLAKE3 digests of the programs it may execute; none: what a capability names.
        model: The model that it asks for.
        quotas: Limits, in the units of each kind.
        approval: Names of services whose use needs a human's answer.
        audit: What the chain holds of it.
        restart: What coconutd does when it ends.
        argv: What coconutd runs in it.
    """

    name: str
    tenant: str = "default"
    lane: Lane = Lane.NORMAL
    capabilities: tuple[Capability, ...] = ()
    code: tuple[bytes, ...] = ()
    model: str | None = None
    quotas: Mapping[QuotaKind, int] = field(default_factory=dict)
    approval: tuple[str, ...] = ()
    audit: AuditLevel = AuditLevel.DECISIONS
    restart: Restart = Restart.NEVER
    argv: tuple[str, ...] = ()

    def to_cbor(self) -> dict[int, Any]:
        """The map of syscalls/manifest.cddl; keys that say the default are left out."""
        value: dict[int, Any] = {
            1: VERSION,
            2: self.name,
            3: self.tenant,
            4: int(self.lane),
            5: [cap.to_cbor() for cap in self.capabilities],
        }
        optional: dict[int, Any] = {
            6: list(self.code),
            7: self.model,
            8: {int(kind): limit for kind, limit in self.quotas.items()},
            9: list(self.approval),
            10: None if self.audit == AuditLevel.DECISIONS else int(self.audit),
            11: int(self.restart),
            12: list(self.argv),
        }
        value.update({k: v for k, v in optional.items() if v or (k == 10 and v is not None)})
        return value

    def encode(self) -> bytes:
        """Deterministic CBOR.

        Raises:
            ManifestError: It is larger than the kernel takes.
        """
        data = cbor.encode(self.to_cbor())
        if len(data) > MANIFEST_MAX - 256:
            raise ManifestError(f"{len(data)} bytes; at most {MANIFEST_MAX - 256}")
        return data

    def sign(self, key: SecretKey) -> bytes:
        """COSE_Sign1, as agent_spawn() takes it."""
        return cose.sign(self.encode(), key)

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        """Reads what encode() wrote, as strictly as the kernel.

        Raises:
            ManifestError: A value is outside what it may be.
            CborError: It is not deterministic CBOR.
        """
        value = cbor.decode(data)
        if not isinstance(value, dict) or not {1, 2, 3, 4, 5} <= set(value) <= set(range(1, 13)):
            raise ManifestError("no manifest: keys 1 to 5 are needed, others above 12 not known")
        if value[1] != VERSION or isinstance(value[1], bool):
            raise ManifestError(f"version {value[1]!r}; this reads version {VERSION}")
        try:
            found = _from_cbor(value)
        except (CapError, ValueError, TypeError, AttributeError) as error:
            raise ManifestError(f"no manifest: {error}") from None
        if found.encode() != data:
            raise ManifestError("it says a default, or a value in another form than the usual")
        return found

    def describe(self) -> dict[str, Any]:
        """As loads() takes it: plain data, canonical spellings."""
        return {
            "name": self.name,
            "tenant": self.tenant,
            "lane": self.lane.name.lower(),
            "capabilities": [str(cap) for cap in self.capabilities],
            "code": [f"blake3={digest.hex()}" for digest in self.code],
            **({"model": self.model} if self.model is not None else {}),
            "quotas": {kind.name.lower(): limit for kind, limit in self.quotas.items()},
            "approval": list(self.approval),
            "audit": self.audit.name.lower(),
            "restart": self.restart.name.lower(),
            "argv": list(self.argv),
        }


def _from_cbor(value: Mapping[int, Any]) -> Manifest:
    manifest = Manifest(
        name=_text(value[2]),
        tenant=_text(value[3]),
        lane=Lane(value[4]),
        capabilities=tuple(Capability.from_cbor(cap) for cap in _list(value[5])),
        code=tuple(_digest(code) for code in _list(value.get(6, []))),
        model=_text(value[7]) if 7 in value else None,
        quotas={QuotaKind(k): _uint(v) for k, v in value.get(8, {}).items()},
        approval=tuple(_text(name) for name in _list(value.get(9, []))),
        audit=AuditLevel(value.get(10, AuditLevel.DECISIONS)),
        restart=Restart(value.get(11, Restart.NEVER)),
        argv=tuple(_text(arg) for arg in _list(value.get(12, []))),
    )
    findings = [f for f in _check(manifest) if f.fatal]
    if findings:
        raise ValueError("; ".join(str(f) for f in findings))
    return manifest


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no array")
    return value


def _digest(value: Any) -> bytes:
    if not isinstance(value, bytes) or len(value) != 32:
        raise TypeError("a digest has 32 bytes")
    return value


def _uint(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("no number")
    return value


def _check(manifest: Manifest) -> list[Finding]:
    """What holds of every manifest, however it was written."""
    found = []
    for where, name in (("name", manifest.name), ("tenant", manifest.tenant)):
        if NAME.fullmatch(name) is None or name in (".", ".."):
            found.append(Finding(where, f"{name!r}: 1 to 64 of A-Z a-z 0-9 . _ -"))
    for where, count, most in (
        ("capabilities", len(manifest.capabilities), CAPS_MAX),
        ("code", len(manifest.code), CODE_MAX),
        ("approval", len(manifest.approval), APPROVALS_MAX),
        ("argv", len(manifest.argv), ARGV_MAX),
    ):
        if count > most:
            found.append(Finding(where, f"{count}; at most {most}"))
    if len(set(manifest.code)) != len(manifest.code):
        found.append(Finding("code", "a digest stands twice"))
    texts = [] if manifest.model is None else [("model", manifest.model, 1, TEXT_MAX)]
    texts += [(f"approval[{i}]", name, 1, TEXT_MAX) for i, name in enumerate(manifest.approval)]
    texts += [(f"argv[{i}]", arg, 0, ARG_MAX) for i, arg in enumerate(manifest.argv)]
    for where, text, least, most in texts:
        if not least <= len(text.encode("utf-8", "surrogatepass")) <= most or "\0" in text:
            found.append(Finding(where, f"{least} to {most} bytes, no NUL"))
    for kind, limit in manifest.quotas.items():
        if not 0 <= limit <= QUOTA_UNLIMITED:
            found.append(Finding(f"quotas.{kind.name.lower()}", "not between 0 and 2^64 - 1"))
    return found + _check_capabilities(manifest.capabilities)


def _check_capabilities(capabilities: tuple[Capability, ...]) -> list[Finding]:
    found = []
    seen: dict[bytes, int] = {}
    for i, cap in enumerate(capabilities):
        data = cap.encode()
        if len(data) > CAP_MAX:
            found.append(Finding(f"capabilities[{i}]", f"{len(data)} bytes; at most {CAP_MAX}"))
        if data in seen:
            found.append(Finding(f"capabilities[{i}]", f"says what [{seen[data]}] says: {cap}"))
        seen.setdefault(data, i)
    return found


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
        )
        self.findings += _check(manifest)
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
            match = re.fullmatch(r"([0-9]{1,20})([KMGT]?)", str(item))
            if match is None:
                self.wrong(f"quotas.{key}", f"{item!r} is no amount; 1000 or 512M")
                continue
            found[names[key]] = int(match[1]) * UNITS[match[2]]
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

    def advise(self, manifest: Manifest) -> None:
        """What is allowed and yet rarely meant."""
        if not manifest.capabilities:
            self.wrong("capabilities", "none: the agent may do nothing", fatal=False)
        for i, cap in enumerate(manifest.capabilities):
            if str(cap).startswith(("fs:/*:", "exec:/*:")) and not cap.carves:
                self.wrong(f"capabilities[{i}]", f"covers everything: {cap}", fatal=False)
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


@dataclass(frozen=True)
class Signed:
    """A signed manifest, as it was read; `verified` speaks of the signature alone."""

    manifest: Manifest
    authorizer: bytes
    verified: bool
    digest: bytes


def parse_signed(data: bytes) -> Signed:
    """Reads COSE_Sign1 with a manifest within.

    Raises:
        ManifestError, CoseError, CborError: It is none.
    """
    if len(data) > MANIFEST_MAX:
        raise ManifestError(f"{len(data)} bytes; at most {MANIFEST_MAX}")
    signed = cose.parse(data)
    return Signed(
        manifest=Manifest.decode(signed.payload),
        authorizer=signed.kid,
        verified=signed.verify(),
        digest=blake3(data).digest(),
    )
