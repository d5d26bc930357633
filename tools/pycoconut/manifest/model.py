# SPDX-License-Identifier: Apache-2.0
"""What a manifest says, what holds of every one, and its CBOR. Form: syscalls/manifest.cddl."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import cbor, cose
from ..abi import (
    CAP_MAX,
    CAPS_MAX,
    MANIFEST_MAX,
    QUOTA_UNLIMITED,
    AuditLevel,
    Lane,
    QuotaKind,
    Restart,
)
from ..caps import Capability, CapError
from ..errors import CoconutError
from ..keys import SecretKey

__all__ = ["Finding", "Manifest", "ManifestError", "check"]

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
VERSION = 1
TEXT_MAX, APPROVALS_MAX, CODE_MAX, ARGV_MAX, ARG_MAX = 255, 64, 256, 256, 4096


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
        permissive: What a capability could allow is let pass, and recorded as such.
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
    permissive: bool = False

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
            13: self.permissive,
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
        if not isinstance(value, dict) or not {1, 2, 3, 4, 5} <= set(value) <= set(range(1, 14)):
            raise ManifestError("no manifest: keys 1 to 5 are needed, others above 13 not known")
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
            **({"permissive": True} if self.permissive else {}),
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
        permissive=_truth(value.get(13, False)),
    )
    findings = [f for f in check(manifest) if f.fatal]
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


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _uint(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("no number")
    return value


def check(manifest: Manifest) -> list[Finding]:
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
