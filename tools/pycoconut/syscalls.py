# SPDX-License-Identifier: Apache-2.0
"""The eight agent calls, typed, one function an operation.

Each raises OSError, of the class that Python has for its errno, whose text says
what this errno means of this call. Source of every number and meaning:
syscalls/agent.yaml, through pycoconut.abi.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass

from . import abi

__all__ = [
    "NOT_COCONUT",
    "MemoryRange",
    "Presented",
    "QuotaStatus",
    "Segment",
    "Spawned",
    "attest",
    "audit_query",
    "audit_seed",
    "call",
    "cap_grant",
    "cap_present",
    "cap_revoke",
    "is_coconut",
    "memory_tier",
    "oserror",
    "quota",
    "spawn",
]

NOT_COCONUT = "this kernel is not Coconut"
NUMBERS = {
    "agent_spawn": abi.NR_AGENT_SPAWN,
    "agent_attest": abi.NR_AGENT_ATTEST,
    "agent_quota": abi.NR_AGENT_QUOTA,
    "agent_cap_grant": abi.NR_AGENT_CAP_GRANT,
    "agent_cap_revoke": abi.NR_AGENT_CAP_REVOKE,
    "agent_cap_present": abi.NR_AGENT_CAP_PRESENT,
    "agent_audit_query": abi.NR_AGENT_AUDIT_QUERY,
    "agent_memory_tier": abi.NR_AGENT_MEMORY_TIER,
}
NO_END = (1 << 64) - 1
# An attestation of the deepest agent is about 16 KiB; this ends a loop with a kernel that lies.
ATTESTATION_MAX = 1 << 20

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Spawned:
    """A new agent. `fd`: a descriptor of its directory, which the caller closes; or None."""

    aid: int
    fd: int | None


@dataclass(frozen=True)
class QuotaStatus:
    """A budget, in the units of its kind. `reservation` is 0 but after a reserve.

    `stalls`, how often it did not suffice, is told by agentfs only.
    """

    limit: int
    used: int
    reserved: int
    high_water: int
    reservation: int
    stalls: int = 0


@dataclass(frozen=True)
class Presented:
    """A request that was allowed: by which capability, and in which record."""

    id: int
    seq: int


@dataclass(frozen=True)
class Segment:
    """Records as a CBOR sequence; `next_seq` is where to go on."""

    records: bytes
    count: int
    next_seq: int
    sealed_seq: int


@dataclass(frozen=True)
class MemoryRange:
    """Where the range is, and how many bytes of it are in the tier."""

    address: int
    achieved: int


def oserror(name: str, code: int) -> OSError:
    """The exception for a call that failed with errno `code`.

    ENOSYS is explained: either the kernel has no agents, or what it took for an
    agent call is one of its own.
    """
    if code == errno.ENOSYS:
        return OSError(code, f"{NOT_COCONUT}: it has no {name}()")
    meanings = abi.ERRORS.get(name, {}).get(code, ())
    text = os.strerror(code)
    return OSError(code, f"{name}: {text}" + "".join(f"; {m}" for m in meanings[:1]))


def call(name: str, args: ctypes.Structure, size: int | None = None) -> int:
    """Makes one call as it is on the wire.

    Args:
        name: Of the call, such as agent_spawn.
        args: Its structure; outputs are in it afterwards.
        size: What to pass as its size, in bytes; the structure's own by default.

    Raises:
        OSError: See oserror().
    """
    ctypes.set_errno(0)
    result = _libc.syscall(
        ctypes.c_long(NUMBERS[name]),
        ctypes.byref(args),
        ctypes.c_size_t(ctypes.sizeof(args) if size is None else size),
    )
    if result < 0:
        raise oserror(name, ctypes.get_errno())
    return int(result)


def is_coconut() -> bool:
    """Has the running kernel the agent calls?

    A query with an impossible range is refused as such by a kernel that knows it.
    """
    args = abi.AuditQueryArgs(magic=abi.MAGIC, first_seq=1)
    try:
        call("agent_audit_query", args)
    except OSError as error:
        return error.errno != errno.ENOSYS
    return True


def _buffer(data: bytes) -> tuple[ctypes.Array[ctypes.c_char] | None, int]:
    """Memory that holds `data`, and its address; the caller keeps the first alive."""
    if not data:
        return None, 0
    memory = ctypes.create_string_buffer(data, len(data))
    return memory, ctypes.addressof(memory)


def _flags(by_fd: bool) -> int:
    return int(abi.CallFlag.BY_FD) if by_fd else 0


def spawn(
    manifest: bytes, cap_set: bytes | None = None, *, enter: bool = False, want_fd: bool = False
) -> Spawned:
    """agent_spawn(): makes an agent from a signed manifest.

    Args:
        manifest: COSE_Sign1, see pycoconut.manifest.
        cap_set: CBOR array of capabilities, each a subset of one in the manifest;
            None for the manifest's own.
        enter: The caller is the agent's first task from now on, and cannot leave.
        want_fd: Open the agent's directory too.
    """
    kept, address = _buffer(manifest)
    kept_caps, caps_address = _buffer(cap_set or b"")
    flags = (abi.SpawnFlag.ENTER if enter else 0) | (abi.SpawnFlag.FD if want_fd else 0)
    args = abi.SpawnArgs(
        magic=abi.MAGIC,
        flags=flags,
        manifest=address,
        manifest_len=len(manifest),
        cap_set=caps_address,
        cap_set_len=len(cap_set or b""),
        fd=-1,
    )
    call("agent_spawn", args)
    del kept, kept_caps
    return Spawned(args.aid, args.fd if args.fd >= 0 else None)


def attest(aid: int = abi.AID_SELF, nonce: bytes = b"", *, by_fd: bool = False) -> bytes:
    """agent_attest(): CBOR array of COSE_Sign1, the agent's first, the boot agent's last.

    Args:
        aid: Whom; 0 is the caller's own agent.
        nonce: 8 to 64 bytes that the statements will hold, so that they cannot be old.
    """
    kept, address = _buffer(nonce)
    room = 4096
    while True:
        memory = ctypes.create_string_buffer(room)
        args = abi.AttestArgs(
            magic=abi.MAGIC,
            flags=_flags(by_fd),
            aid=aid,
            nonce=address,
            nonce_len=len(nonce),
            buf=ctypes.addressof(memory),
            buf_len=room,
        )
        try:
            call("agent_attest", args)
        except OSError as error:
            if error.errno != errno.EMSGSIZE or not room < args.buf_len <= ATTESTATION_MAX:
                raise
            room = args.buf_len
            continue
        del kept
        return memory.raw[: args.buf_len]


def quota(
    kind: abi.QuotaKind,
    op: abi.QuotaOp = abi.QuotaOp.GET,
    amount: int = 0,
    *,
    aid: int = abi.AID_SELF,
    reservation: int = 0,
    lifetime_ns: int = 0,
    by_fd: bool = False,
) -> QuotaStatus:
    """agent_quota(): reads, sets, uses, reserves or settles a budget.

    Args:
        kind: Which budget.
        op: What to do.
        amount: In the units of the kind; see abi.QuotaOp for what it means.
        aid: Whose; 0 is the caller's own agent.
        reservation: To settle: what the reserve returned.
        lifetime_ns: To reserve: nanoseconds until it ends by itself.
    """
    args = abi.QuotaArgs(
        magic=abi.MAGIC,
        flags=_flags(by_fd),
        aid=aid,
        kind=kind,
        op=op,
        amount=amount,
        reservation=reservation,
        lifetime_ns=lifetime_ns,
    )
    call("agent_quota", args)
    made = args.reservation if op == abi.QuotaOp.RESERVE else 0
    return QuotaStatus(args.limit, args.used, args.reserved, args.high_water, made)


def cap_grant(aid: int, cap: bytes, parent: int = 0, *, by_fd: bool = False) -> int:
    """agent_cap_grant(): grants a descendant a capability; returns its id.

    Args:
        aid: To whom.
        cap: CBOR, see pycoconut.caps.
        parent: The caller's capability to derive from; 0 for any that covers it.
    """
    kept, address = _buffer(cap)
    args = abi.CapGrantArgs(
        magic=abi.MAGIC,
        flags=_flags(by_fd),
        aid=aid,
        cap=address,
        cap_len=len(cap),
        parent=parent,
    )
    call("agent_cap_grant", args)
    del kept
    return args.id


def cap_revoke(
    aid: int,
    cap_id: int = 0,
    *,
    every: bool = False,
    terminate: bool = False,
    by_fd: bool = False,
) -> int:
    """agent_cap_revoke(): withdraws capabilities; returns how many, those derived included.

    Args:
        aid: The holder, a descendant of the caller's agent.
        cap_id: Which one; 0 with `every` or `terminate`.
        every: All that the agent has.
        terminate: The agent and all beneath it end.
    """
    flags = _flags(by_fd)
    flags |= abi.RevokeFlag.ALL if every else 0
    flags |= abi.RevokeFlag.TERMINATE if terminate else 0
    args = abi.CapRevokeArgs(magic=abi.MAGIC, flags=flags, aid=aid, id=cap_id)
    call("agent_cap_revoke", args)
    return args.withdrawn


def cap_present(aid: int, cap: bytes, *, by_fd: bool = False) -> Presented:
    """agent_cap_present(): do the agent's capabilities cover this request? Takes one use.

    Args:
        aid: Who asks; a broker passes the AID that the kernel told it of its peer.
        cap: CBOR capability, read as the request.

    Raises:
        PermissionError: Denied, and recorded.
        OSError: See oserror().
    """
    kept, address = _buffer(cap)
    args = abi.CapPresentArgs(
        magic=abi.MAGIC, flags=_flags(by_fd), aid=aid, cap=address, cap_len=len(cap)
    )
    call("agent_cap_present", args)
    del kept
    return Presented(args.id, args.seq)


def _mask(values: Iterable[int]) -> int:
    mask = 0
    for value in values:
        mask |= 1 << value
    return mask


def audit_query(
    first_seq: int = 1,
    last_seq: int = NO_END,
    *,
    aid: int = 0,
    events: Iterable[abi.Event] = (),
    decisions: Iterable[abi.Decision] = (),
    room: int = 1 << 16,
    by_fd: bool = False,
) -> Segment:
    """agent_audit_query(): the records that match, as many whole ones as have room.

    Args:
        first_seq: First sequence number looked at.
        last_seq: The last one; by default there is no end.
        aid: Only of this agent; 0: all that the caller may see.
        events: Only these; none: all.
        decisions: Only these; none: all.
        room: Bytes.
    """
    memory = ctypes.create_string_buffer(room)
    args = abi.AuditQueryArgs(
        magic=abi.MAGIC,
        flags=_flags(by_fd),
        aid=aid,
        first_seq=first_seq,
        last_seq=last_seq,
        events=_mask(events),
        decisions=_mask(decisions),
        buf=ctypes.addressof(memory),
        buf_len=room,
    )
    call("agent_audit_query", args)
    return Segment(memory.raw[: args.buf_len], args.count, args.next_seq, args.sealed_seq)


def audit_seed() -> bytes:
    """agent_audit_query() with AGENT_AUDIT_SEED: the boot's MAC seed, 32 bytes, once in a boot."""
    memory = ctypes.create_string_buffer(abi.DIGEST_SIZE)
    args = abi.AuditQueryArgs(
        magic=abi.MAGIC,
        flags=abi.AuditFlag.SEED,
        buf=ctypes.addressof(memory),
        buf_len=len(memory),
    )
    call("agent_audit_query", args)
    return memory.raw


def memory_tier(
    tier: abi.Tier,
    op: abi.TierOp,
    *,
    address: int = 0,
    length: int,
    aid: int = abi.AID_SELF,
    by_fd: bool = False,
    event_fd: int | None = None,
) -> MemoryRange:
    """agent_memory_tier(): maps memory in a tier, asks after it, moves it there or pins it.

    Args:
        tier: Which tier.
        op: What to do.
        address: Of the range, a multiple of the page size; ignored by MAP.
        length: Bytes, a multiple of the page size.
        aid: The caller's own agent.
        event_fd: Move in the background, and count this eventfd up by one at the end.
    """
    args = abi.MemoryTierArgs(
        magic=abi.MAGIC,
        flags=_flags(by_fd) | (0 if event_fd is None else abi.TierFlag.EVENT),
        aid=aid,
        tier=tier,
        op=op,
        address=address,
        length=length,
        event_fd=0 if event_fd is None else event_fd,
    )
    call("agent_memory_tier", args)
    return MemoryRange(args.address, args.achieved)
