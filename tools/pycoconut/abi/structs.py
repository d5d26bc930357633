# Generated from syscalls/agent.yaml by `make regen`; edit that.
# SPDX-License-Identifier: Apache-2.0
"""The argument structures, as ctypes lays them out."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import ClassVar

__all__ = [
    "MIN_SIZES",
    "OFFSETS",
    "ApprovalAnswer",
    "AttestArgs",
    "AuditLink",
    "AuditQueryArgs",
    "CapGrantArgs",
    "CapPresentArgs",
    "CapRevokeArgs",
    "MemoryTierArgs",
    "QuotaArgs",
    "SpawnArgs",
]


class SpawnArgs(ctypes.Structure):
    """struct agent_spawn_args

    magic: AGENT_MAGIC.
    flags: AGENT_SPAWN_ENTER, AGENT_SPAWN_FD.
    manifest: pointer: COSE_Sign1
    manifest_len: Bytes of it, at most AGENT_MANIFEST_MAX.
    cap_set_len: Bytes at cap_set.
    cap_set: pointer: CBOR array of capabilities; 0: the manifest's
    aid: out
    fd: out, with AGENT_SPAWN_FD; else -1
    reserved: Must be 0.
    """

    _fields_: ClassVar = [
        ("magic", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("manifest", ctypes.c_uint64),
        ("manifest_len", ctypes.c_uint32),
        ("cap_set_len", ctypes.c_uint32),
        ("cap_set", ctypes.c_uint64),
        ("aid", ctypes.c_uint64),
        ("fd", ctypes.c_int32),
        ("reserved", ctypes.c_uint32),
    ]

    magic: int
    flags: int
    manifest: int
    manifest_len: int
    cap_set_len: int
    cap_set: int
    aid: int
    fd: int
    reserved: int


class AttestArgs(ctypes.Structure):
    """struct agent_attest_args

    magic: AGENT_MAGIC.
    flags: AGENT_BY_FD.
    aid: Whom to attest.
    nonce: pointer
    nonce_len: 0, or 8 to AGENT_NONCE_MAX
    reserved: Must be 0.
    buf: pointer: CBOR array of COSE_Sign1, the agent's first
    buf_len: in: room; out: bytes written, or needed with EMSGSIZE
    """

    _fields_: ClassVar = [
        ("magic", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("aid", ctypes.c_uint64),
        ("nonce", ctypes.c_uint64),
        ("nonce_len", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("buf", ctypes.c_uint64),
        ("buf_len", ctypes.c_uint64),
    ]

    magic: int
    flags: int
    aid: int
    nonce: int
    nonce_len: int
    reserved: int
    buf: int
    buf_len: int


class QuotaArgs(ctypes.Structure):
    """struct agent_quota_args

    magic: AGENT_MAGIC.
    flags: AGENT_BY_FD.
    aid: Whose quota.
    kind: enum agent_quota_kind.
    op: enum agent_quota_op.
    amount: set: limit; debit, reserve: how much; settle: what was used
    reservation: out of reserve, in of settle
    lifetime_ns: reserve: it ends by itself after this long
    limit: out
    used: out
    reserved: out: sum of live reservations
    high_water: out
    """

    _fields_: ClassVar = [
        ("magic", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("aid", ctypes.c_uint64),
        ("kind", ctypes.c_uint32),
        ("op", ctypes.c_uint32),
        ("amount", ctypes.c_uint64),
        ("reservation", ctypes.c_uint64),
        ("lifetime_ns", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("used", ctypes.c_uint64),
        ("reserved", ctypes.c_uint64),
        ("high_water", ctypes.c_uint64),
    ]

    magic: int
    flags: int
    aid: int
    kind: int
    op: int
    amount: int
    reservation: int
    lifetime_ns: int
    limit: int
    used: int
    reserved: int
    high_water: int


class CapGrantArgs(ctypes.Structure):
    """struct agent_cap_grant_args

    magic: AGENT_MAGIC.
    flags: AGENT_BY_FD.
    aid: To whom.
    cap: pointer: CBOR capability
    cap_len: Bytes of it, at most AGENT_CAP_MAX.
    reserved: Must be 0.
    parent: the caller's capability to derive from; 0: any that covers it
    id: out
    """

    _fields_: ClassVar = [
        ("magic", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("aid", ctypes.c_uint64),
        ("cap", ctypes.c_uint64),
        ("cap_len", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("parent", ctypes.c_uint64),
        ("id", ctypes.c_uint64),
    ]

    magic: int
    flags: int
    aid: int
    cap: int
    cap_len: int
    reserved: int
    parent: int
    id: int


class CapRevokeArgs(ctypes.Structure):
    """struct agent_cap_revoke_args

    magic: AGENT_MAGIC.
    flags: AGENT_BY_FD, AGENT_REVOKE_ALL, AGENT_REVOKE_TERMINATE.
    aid: The holder.
    id: Which capability.
    withdrawn: out: it and all that was derived from it, everywhere
    """

    _fields_: ClassVar = [
        ("magic", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("aid", ctypes.c_uint64),
        ("id", ctypes.c_uint64),
        ("withdrawn", ctypes.c_uint64),
    ]

    magic: int
    flags: int
    aid: int
    id: int
    withdrawn: int


class CapPresentArgs(ctypes.Structure):
    """struct agent_cap_present_args

    magic: AGENT_MAGIC.
    flags: AGENT_BY_FD.
    aid: Who presents.
    cap: pointer: CBOR capability, read as the request
    cap_len: Bytes of it, at most AGENT_CAP_MAX.
    reserved: Must be 0.
    id: out: the capability that allowed it
    seq: out: the record of the decision
    """

    _fields_: ClassVar = [
        ("magic", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("aid", ctypes.c_uint64),
        ("cap", ctypes.c_uint64),
        ("cap_len", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("id", ctypes.c_uint64),
        ("seq", ctypes.c_uint64),
    ]

    magic: int
    flags: int
    aid: int
    cap: int
    cap_len: int
    reserved: int
    id: int
    seq: int


class AuditQueryArgs(ctypes.Structure):
    """struct agent_audit_query_args

    magic: AGENT_MAGIC.
    flags: AGENT_BY_FD, AGENT_AUDIT_SEED.
    aid: only of this agent; 0: all that the caller may see
    first_seq: First sequence number looked at.
    last_seq: inclusive; all ones: no end
    events: bit n: enum agent_event n; 0: all
    decisions: bit n: enum agent_decision n; 0: all
    buf: pointer: CBOR sequence of records
    buf_len: in: room; out: bytes written
    count: out: records written
    next_seq: out: where to go on
    sealed_seq: out: last sequence number sealed so far
    """

    _fields_: ClassVar = [
        ("magic", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("aid", ctypes.c_uint64),
        ("first_seq", ctypes.c_uint64),
        ("last_seq", ctypes.c_uint64),
        ("events", ctypes.c_uint64),
        ("decisions", ctypes.c_uint64),
        ("buf", ctypes.c_uint64),
        ("buf_len", ctypes.c_uint64),
        ("count", ctypes.c_uint64),
        ("next_seq", ctypes.c_uint64),
        ("sealed_seq", ctypes.c_uint64),
    ]

    magic: int
    flags: int
    aid: int
    first_seq: int
    last_seq: int
    events: int
    decisions: int
    buf: int
    buf_len: int
    count: int
    next_seq: int
    sealed_seq: int


class MemoryTierArgs(ctypes.Structure):
    """struct agent_memory_tier_args

    magic: AGENT_MAGIC.
    flags: AGENT_BY_FD.
    aid: Whose memory.
    tier: enum agent_tier.
    op: enum agent_tier_op.
    address: in, out
    length: Bytes.
    achieved: out: bytes in the tier
    event_fd: with AGENT_TIER_EVENT: an eventfd
    reserved: Must be 0.
    """

    _fields_: ClassVar = [
        ("magic", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("aid", ctypes.c_uint64),
        ("tier", ctypes.c_uint32),
        ("op", ctypes.c_uint32),
        ("address", ctypes.c_uint64),
        ("length", ctypes.c_uint64),
        ("achieved", ctypes.c_uint64),
        ("event_fd", ctypes.c_int32),
        ("reserved", ctypes.c_uint32),
    ]

    magic: int
    flags: int
    aid: int
    tier: int
    op: int
    address: int
    length: int
    achieved: int
    event_fd: int
    reserved: int


class AuditLink(ctypes.Structure):
    """struct agent_audit_link

    head: The previous boot's last head.
    last_seq: Its last sequence number.
    boot_id: Its boot id.
    """

    _fields_: ClassVar = [
        ("head", ctypes.c_uint8 * 32),
        ("last_seq", ctypes.c_uint64),
        ("boot_id", ctypes.c_uint8 * 16),
    ]

    head: ctypes.Array[ctypes.c_uint8]
    last_seq: int
    boot_id: ctypes.Array[ctypes.c_uint8]


class ApprovalAnswer(ctypes.Structure):
    """struct agent_approval_answer

    id: Number of the request.
    allow: 1: this one use is allowed; 0: it is denied
    reserved: Must be 0.
    """

    _fields_: ClassVar = [
        ("id", ctypes.c_uint64),
        ("allow", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    ]

    id: int
    allow: int
    reserved: int


#: The size of each structure's first version, in bytes.
MIN_SIZES: Mapping[type[ctypes.Structure], int] = {
    SpawnArgs: 56,
    AttestArgs: 56,
    QuotaArgs: 88,
    CapGrantArgs: 56,
    CapRevokeArgs: 40,
    CapPresentArgs: 56,
    AuditQueryArgs: 96,
    MemoryTierArgs: 56,
    AuditLink: 56,
    ApprovalAnswer: 16,
}

#: Where each field stands, in bytes, as the specification counts it.
OFFSETS: Mapping[type[ctypes.Structure], Mapping[str, int]] = {
    SpawnArgs: {
        "magic": 0,
        "flags": 8,
        "manifest": 16,
        "manifest_len": 24,
        "cap_set_len": 28,
        "cap_set": 32,
        "aid": 40,
        "fd": 48,
        "reserved": 52,
    },
    AttestArgs: {
        "magic": 0,
        "flags": 8,
        "aid": 16,
        "nonce": 24,
        "nonce_len": 32,
        "reserved": 36,
        "buf": 40,
        "buf_len": 48,
    },
    QuotaArgs: {
        "magic": 0,
        "flags": 8,
        "aid": 16,
        "kind": 24,
        "op": 28,
        "amount": 32,
        "reservation": 40,
        "lifetime_ns": 48,
        "limit": 56,
        "used": 64,
        "reserved": 72,
        "high_water": 80,
    },
    CapGrantArgs: {
        "magic": 0,
        "flags": 8,
        "aid": 16,
        "cap": 24,
        "cap_len": 32,
        "reserved": 36,
        "parent": 40,
        "id": 48,
    },
    CapRevokeArgs: {
        "magic": 0,
        "flags": 8,
        "aid": 16,
        "id": 24,
        "withdrawn": 32,
    },
    CapPresentArgs: {
        "magic": 0,
        "flags": 8,
        "aid": 16,
        "cap": 24,
        "cap_len": 32,
        "reserved": 36,
        "id": 40,
        "seq": 48,
    },
    AuditQueryArgs: {
        "magic": 0,
        "flags": 8,
        "aid": 16,
        "first_seq": 24,
        "last_seq": 32,
        "events": 40,
        "decisions": 48,
        "buf": 56,
        "buf_len": 64,
        "count": 72,
        "next_seq": 80,
        "sealed_seq": 88,
    },
    MemoryTierArgs: {
        "magic": 0,
        "flags": 8,
        "aid": 16,
        "tier": 24,
        "op": 28,
        "address": 32,
        "length": 40,
        "achieved": 48,
        "event_fd": 56,
        "reserved": 60,
    },
    AuditLink: {
        "head": 0,
        "last_seq": 32,
        "boot_id": 40,
    },
    ApprovalAnswer: {
        "id": 0,
        "allow": 8,
        "reserved": 12,
    },
}
