# SPDX-License-Identifier: Apache-2.0
"""An agent and the chain as objects: the calls, /agent and the log in one place."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import attestation, audit, caps, syscalls
from .abi import QuotaKind, QuotaOp
from .agentfs import AgentFs, AgentStatus, Held
from .aid import format_aid
from .caps import Capability
from .syscalls import Presented, QuotaStatus

__all__ = ["Agent", "Chain"]


@dataclass(frozen=True)
class Agent:
    """One agent, by its AID; 0 is the caller's own.

    Every method raises OSError as pycoconut.syscalls says, and AgentFsError where it
    reads /agent.
    """

    aid: int
    fs: AgentFs = field(default_factory=AgentFs, compare=False)

    def __str__(self) -> str:
        return format_aid(self.aid)

    @classmethod
    def spawn(cls, manifest: bytes, capabilities: Sequence[Capability] | None = None) -> Agent:
        """A new agent without tasks, of a signed manifest; the caller stays where it is."""
        return cls(syscalls.spawn(manifest, _cap_set(capabilities)).aid)

    @classmethod
    def enter_new(cls, manifest: bytes, capabilities: Sequence[Capability] | None = None) -> Agent:
        """A new agent whose first task is the caller, from now on and for good."""
        return cls(syscalls.spawn(manifest, _cap_set(capabilities), enter=True).aid)

    @property
    def status(self) -> AgentStatus:
        return self.fs.status(self.aid)

    @property
    def caps(self) -> list[Held]:
        return self.fs.caps(self.aid)

    def grant(self, capability: Capability | str, parent: int = 0) -> int:
        """Grants a capability; returns its id."""
        return syscalls.cap_grant(self.aid, _capability(capability).encode(), parent)

    def revoke(self, cap_id: int) -> int:
        """Withdraws a capability and what derives from it; returns how many."""
        return syscalls.cap_revoke(self.aid, cap_id)

    def revoke_all(self) -> int:
        """Withdraws all it has; returns how many."""
        return syscalls.cap_revoke(self.aid, every=True)

    def terminate(self) -> int:
        """Ends it and all beneath it; returns how many capabilities were withdrawn."""
        return syscalls.cap_revoke(self.aid, terminate=True)

    def present(self, request: Capability | str) -> Presented:
        """Asks whether it may; PermissionError: no."""
        return syscalls.cap_present(self.aid, _capability(request).encode())

    def quota(self, kind: QuotaKind) -> QuotaStatus:
        return syscalls.quota(kind, aid=self.aid)

    def set_quota(self, kind: QuotaKind, limit: int) -> QuotaStatus:
        return syscalls.quota(kind, QuotaOp.SET, limit, aid=self.aid)

    def attest(self, key: bytes | None = None) -> list[attestation.Claims]:
        """Attestations of it and its ancestors, fresh and verified.

        Args:
            key: The attestation key; by default what /agent/abi says.

        Raises:
            AttestationError: They do not hold.
        """
        nonce = secrets.token_bytes(32)
        if key is None:
            key = bytes.fromhex(self.fs.abi()["attest_key"])
        return attestation.verify(syscalls.attest(self.aid, nonce), key, nonce)


@dataclass(frozen=True)
class Chain:
    """The audit chain of the running system."""

    fs: AgentFs = field(default_factory=AgentFs, compare=False)

    @property
    def head(self) -> bytes:
        return self.fs.head()

    def records(self, wanted: audit.Filter | None = None) -> Iterator[audit.Record]:
        """Records that the kernel still holds and the caller may see."""
        return audit.records([], wanted or audit.Filter())

    def verify(self, seed: bytes | None = None, keys: Sequence[bytes] = ()) -> audit.Report:
        """Verifies what chain.log shows now."""
        return audit.verify([self.fs.chain_log], live=True, seed=seed, keys=keys)

    def prove(self, seq: int) -> audit.Proof:
        """An inclusion proof of a sealed record."""
        return audit.prove([self.fs.chain_log], seq)

    def export(self, path: Path) -> int:
        """Copies chain.log; returns how many bytes."""
        data = self.fs.chain_log.read_bytes()
        return path.write_bytes(data)


def _capability(value: Capability | str) -> Capability:
    return caps.parse(value) if isinstance(value, str) else value


def _cap_set(capabilities: Sequence[Capability] | None) -> bytes | None:
    return None if capabilities is None else caps.encode_list(tuple(capabilities))
