# SPDX-License-Identifier: Apache-2.0
"""Typed readers of /agent.

Source of the formats: Documentation/userspace-api/coconut/agentfs.rst.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import caps
from .abi import IOC_SEAL, QUOTA_UNLIMITED, Lane, QuotaKind, State
from .aid import AidError, format_aid, parse_aid
from .caps import Capability
from .errors import CoconutError
from .keys import KeyFileError, PublicKey, parse_public
from .syscalls import QuotaStatus

__all__ = ["ROOT", "AgentFs", "AgentFsError", "AgentStatus", "Held", "NotMountedError"]

ROOT = Path("/agent")
#: The words of `status` for the states.
STATES: Mapping[str, State] = {
    "SPAWNING": State.SPAWNING,
    "READY": State.ATTESTED,
    "ACTIVE": State.ACTIVE,
    "INF_BLOCKED": State.INFERENCE_BLOCKED,
    "CAP_DENIED": State.CAP_DENIED,
    "QUARANTINED": State.QUARANTINED,
    "TERMINATED_CLEAN": State.TERMINATED_CLEAN,
    "TERMINATED_REVOKED": State.TERMINATED_REVOKED,
}
#: What a tenant is worth of whom nothing is said.
TENANT_WEIGHT = 100
#: The words of `status` for whether an agent is permissive.
MODES: Mapping[str, bool] = {"enforced": False, "permissive": True}


class AgentFsError(CoconutError):
    """/agent is not there, or holds what this package does not know."""


class NotMountedError(AgentFsError):
    """/agent is not there."""


@dataclass(frozen=True)
class AgentStatus:
    """What `status` says.

    Attributes:
        aid, parent: AIDs.
        name, tenant: As in its manifest.
        state: Where it is in its life; `word` is how the file says it.
        lane: Its share of the CPU.
        tasks, children: Live ones.
        strikes: How often denials brought it to Cap-denied.
        denials: All denials.
        permissive: It is not held to its capabilities; `permitted`: what passed for that.
        spawned_ns: CLOCK_MONOTONIC.
        epoch: How often something was revoked, suspended or given back.
        exit_code, ended_ns: Of an agent in the graveyard; else None.
    """

    aid: int
    name: str
    state: State
    word: str
    tenant: str
    lane: Lane
    parent: int
    tasks: int
    children: int
    strikes: int
    denials: int
    permissive: bool
    permitted: int
    spawned_ns: int
    epoch: int
    exit_code: int | None
    ended_ns: int | None


@dataclass(frozen=True)
class Held:
    """A capability that an agent holds; `text` is how the kernel shows it."""

    id: int
    parent: int
    text: str

    @property
    def capability(self) -> Capability:
        """Parsed.

        Raises:
            CapError: The kernel wrote what this package does not know.
        """
        return caps.parse(self.text)


def key_values(text: str) -> dict[str, str]:
    """`key value` lines as a mapping."""
    return {
        key: value.strip() for key, _, value in (line.partition(" ") for line in text.splitlines())
    }


class AgentFs:
    """The tree below /agent, or below another folder of the same form."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root

    @property
    def mounted(self) -> bool:
        return (self.root / "abi").exists()

    def read(self, *parts: str) -> bytes:
        """A file, by its path from the root.

        Raises:
            AgentFsError: /agent is not mounted.
            OSError: It cannot be read.
        """
        path = self.root.joinpath(*parts)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            if not self.mounted:
                raise NotMountedError(
                    f"{self.root} is not mounted",
                    hint=f"mount -t agentfs agentfs {self.root}; needs a Coconut kernel",
                ) from None
            raise

    def text(self, *parts: str) -> str:
        return self.read(*parts).decode("utf-8", "backslashreplace")

    def abi(self) -> dict[str, str]:
        """`abi`: version, features, keys of this boot."""
        return key_values(self.text("abi"))

    def _aids(self, folder: str) -> list[int]:
        try:
            names = os.listdir(self.root / folder)
        except FileNotFoundError:
            self.read("abi")
            raise
        found = []
        for name in names:
            try:
                found.append(parse_aid(name))
            except AidError:
                continue
        return sorted(found)

    def live(self) -> list[int]:
        """AIDs of live agents that the caller may see."""
        return self._aids("live")

    def graveyard(self) -> list[int]:
        """AIDs of ended agents that are still remembered."""
        return self._aids("graveyard")

    def directory(self, aid: int) -> Path:
        """Where an agent's files are, live or ended.

        Raises:
            AgentFsError: In neither place.
        """
        name = format_aid(aid)
        for folder in ("live", "graveyard"):
            path = self.root / folder / name
            if path.is_dir():
                return path
        self.read("abi")
        raise AgentFsError(f"no agent {name}", hint="coconut ps --all lists those that there are")

    def _of(self, aid: int, *parts: str) -> str:
        try:
            data = self.directory(aid).joinpath(*parts).read_bytes()
        except FileNotFoundError:
            # It ended between the look and the read, and has moved to the graveyard.
            data = self.directory(aid).joinpath(*parts).read_bytes()
        return data.decode("utf-8", "backslashreplace")

    def status(self, aid: int) -> AgentStatus:
        """`status`.

        Raises:
            AgentFsError: No such agent, or words that this package does not know.
            OSError: It cannot be read.
        """
        values = key_values(self._of(aid, "status"))
        try:
            return AgentStatus(
                aid=parse_aid(values["aid"]),
                name=values["name"],
                state=STATES[values["state"]],
                word=values["state"],
                tenant=values["tenant"],
                lane=Lane[values["lane"].upper()],
                parent=parse_aid(values["parent"]),
                tasks=int(values["tasks"]),
                children=int(values["children"]),
                strikes=int(values["strikes"]),
                denials=int(values["denials"]),
                permissive=MODES[values["mode"]],
                permitted=int(values["permitted"]),
                spawned_ns=int(values["spawned_ns"]),
                epoch=int(values["epoch"]),
                exit_code=int(values["exit_code"]) if "exit_code" in values else None,
                ended_ns=int(values["ended_ns"]) if "ended_ns" in values else None,
            )
        except (KeyError, ValueError, AidError) as error:
            raise AgentFsError(f"status of {format_aid(aid)}: not understood: {error}") from None

    def statuses(self, *, ended: bool = False) -> Iterator[AgentStatus]:
        """Of every live agent, in order of AID; with `ended` of those that ended first."""
        for aid in [*(self.graveyard() if ended else []), *self.live()]:
            try:
                yield self.status(aid)
            except (AgentFsError, FileNotFoundError, ProcessLookupError):
                # It ended between the listing and the look.
                continue

    def _write(self, path: Path, line: str) -> None:
        with path.open("wb", buffering=0) as file:
            file.write(line.encode())

    def quarantine(self, aid: int) -> None:
        """Freezes an agent and all beneath it, and suspends what they hold.

        Raises:
            AgentFsError: No such agent.
            OSError: EPERM, to all but the operator; EALREADY; EINVAL, it has ended.
        """
        self._write(self.directory(aid) / "status", "quarantine\n")

    def release(self, aid: int) -> None:
        """Lets an agent out of quarantine; its strikes are forgotten.

        Raises:
            AgentFsError: No such agent.
            OSError: EPERM, to all but the operator; EINVAL, it is not quarantined.
        """
        self._write(self.directory(aid) / "status", "release\n")

    def acknowledge(self, aid: int) -> None:
        """Sends an agent that is Cap-denied back to work; its strikes stay.

        Raises:
            AgentFsError: No such agent.
            OSError: EPERM, to all but the operator; EINVAL, it is not Cap-denied.
        """
        self._write(self.directory(aid) / "status", "acknowledge\n")

    def limits(self) -> dict[str, int]:
        """`policy/limits`: what the operator puts up with, by name."""
        return {key: int(value) for key, value in key_values(self.text("policy", "limits")).items()}

    def set_limit(self, name: str, value: int) -> None:
        """Sets one of them.

        Raises:
            OSError: EPERM, to all but the operator; EINVAL, no such name; ERANGE.
        """
        self._write(self.root / "policy/limits", f"{name} {value}\n")

    def spill(self) -> Path | None:
        """`policy/spill`: where memory of the SSD tier lies; None: nowhere."""
        name = self.text("policy", "spill").rstrip("\n")
        return None if name == "none" else Path(name)

    def set_spill(self, folder: Path | None) -> None:
        """Names the spill volume by a folder on it.

        Raises:
            OSError: EPERM, to all but the operator; ENOTBLK, it lies on no disk; EOPNOTSUPP, its
                file system has no files without a name; or it cannot be looked up.
        """
        self._write(self.root / "policy/spill", f"{folder or 'none'}\n")

    def caps(self, aid: int) -> list[Held]:
        """`caps`: what the agent holds."""
        found = []
        for line in self._of(aid, "caps").splitlines():
            number, parent, text = line.split(" ", 2)
            found.append(Held(int(number), int(parent), text))
        return found

    def manifest(self, aid: int) -> bytes:
        """`manifest`: COSE_Sign1."""
        return (self.directory(aid) / "manifest").read_bytes()

    def budget(self, aid: int, kind: QuotaKind) -> QuotaStatus:
        """`budget/KIND`."""
        values = key_values(self._of(aid, "budget", kind.name.lower()))
        limit = values.get("limit", "unlimited")
        return QuotaStatus(
            limit=QUOTA_UNLIMITED if limit == "unlimited" else int(limit),
            used=int(values.get("used", "0")),
            reserved=int(values.get("reserved", "0")),
            high_water=int(values.get("high_water", "0")),
            reservation=0,
            stalls=int(values.get("stalls", "0")),
        )

    def tenant_weight(self, tenant: str) -> int:
        """`policy/tenants/TENANT`: what the tenant is worth; the default where nothing is said."""
        path = self.root / "policy/tenants" / tenant
        try:
            return int(key_values(path.read_text())["weight"])
        except FileNotFoundError:
            return TENANT_WEIGHT

    def set_tenant_weight(self, tenant: str, weight: int | None) -> None:
        """Says what a tenant is worth; None: what it is by default.

        Raises:
            OSError: EPERM, to all but the operator; EINVAL, no name of a tenant; ERANGE.
        """
        path = self.root / "policy/tenants" / tenant
        if weight is None:
            path.unlink(missing_ok=True)
            return
        self._write(path, f"weight {weight}\n")

    def children(self, aid: int) -> list[int]:
        """AIDs of live children."""
        names = os.listdir(self.directory(aid) / "children")
        return sorted(parse_aid(name) for name in names)

    def head(self) -> bytes:
        """`audit/head`: 32 bytes."""
        return bytes.fromhex(self.text("audit", "head").strip())

    def stats(self) -> dict[str, str]:
        """`audit/stats`."""
        return key_values(self.text("audit", "stats"))

    @property
    def chain_log(self) -> Path:
        return self.root / "audit/chain.log"

    def authorizers(self) -> tuple[bool, list[PublicKey]]:
        """Is the keyring sealed? And the keys in it."""
        first, *rest = self.text("policy", "authorizers").splitlines() or ["open"]
        keys = []
        for line in rest:
            try:
                keys.append(parse_public(line))
            except KeyFileError:
                continue
        return first.strip() == "sealed", keys

    def add_authorizer(self, key: PublicKey) -> None:
        """Adds a key; the boot agent with CAP_SYS_ADMIN only, before the keyring is sealed."""
        line = f"add {key.raw.hex()} {key.label or 'unnamed'}\n"
        self._write(self.root / "policy/authorizers", line)

    def seal_authorizers(self) -> None:
        """From now on no key is added."""
        with (self.root / "policy/authorizers").open("rb") as file:
            fcntl.ioctl(file, IOC_SEAL)
