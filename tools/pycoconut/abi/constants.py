# Generated from syscalls/agent.yaml by `make regen`; edit that.
# SPDX-License-Identifier: Apache-2.0
"""Constants, enumerations, flags and rights."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, IntFlag

__all__ = [
    "ABI_VERSION",
    "AID_SELF",
    "CAPS_MAX",
    "CAP_MAX",
    "DEPTH_MAX",
    "DIGEST_SIZE",
    "IOC_ANSWER",
    "IOC_CLOSE",
    "IOC_GAP",
    "IOC_LINK",
    "IOC_PERSISTED",
    "IOC_SEAL",
    "MAGIC",
    "MANIFEST_MAX",
    "NAME_MAX",
    "NONCE_MAX",
    "NR_AGENT_ATTEST",
    "NR_AGENT_AUDIT_QUERY",
    "NR_AGENT_CAP_GRANT",
    "NR_AGENT_CAP_PRESENT",
    "NR_AGENT_CAP_REVOKE",
    "NR_AGENT_MEMORY_TIER",
    "NR_AGENT_QUOTA",
    "NR_AGENT_SPAWN",
    "QUOTA_UNLIMITED",
    "RIGHTS",
    "RIGHT_NEVER",
    "TENANT_MAX",
    "TPM_NV_COUNTER",
    "TPM_NV_ROOT",
    "TPM_PCR",
    "AgentRight",
    "AuditFlag",
    "AuditLevel",
    "CallFlag",
    "Class",
    "Decision",
    "DevRight",
    "Event",
    "ExecRight",
    "FsRight",
    "Lane",
    "MemRight",
    "NetProto",
    "NetRight",
    "QuotaKind",
    "QuotaOp",
    "Restart",
    "RevokeFlag",
    "SpawnFlag",
    "State",
    "SvcRight",
    "Tier",
    "TierFlag",
    "TierOp",
    "Who",
]

#: Version of this ABI. Structures grow at their end without a new version.
ABI_VERSION = 1
#: The first field of every argument structure, the bytes "COCONUT1" in memory. A call
#: without it answers ENOSYS, as an older kernel would.
MAGIC = 0x3154554E4F434F43
#: in a call: the caller's own agent
AID_SELF = 0
#: Bytes of an agent's name.
NAME_MAX = 64
#: Bytes of a tenant's name.
TENANT_MAX = 64
#: bytes of COSE_Sign1
MANIFEST_MAX = 65536
#: bytes of one encoded capability
CAP_MAX = 8192
#: capabilities of one agent
CAPS_MAX = 1024
#: Bytes of the nonce of an attestation.
NONCE_MAX = 64
#: Bytes of a BLAKE3 digest.
DIGEST_SIZE = 32
#: of the agent tree
DEPTH_MAX = 32
#: Takes the heads of the chain, in the bank of SHA-256.
TPM_PCR = 15
#: holds the root that signs each boot
TPM_NV_ROOT = 0x018C0C00
#: counts the openings and closings of chains
TPM_NV_COUNTER = 0x018C0C01
#: In the rights of a record; something that no capability gives was asked for.
RIGHT_NEVER = 0x8000000000000000
#: The limit of a quota that has none.
QUOTA_UNLIMITED = 0xFFFFFFFFFFFFFFFF

NR_AGENT_SPAWN = 472
NR_AGENT_ATTEST = 473
NR_AGENT_QUOTA = 474
NR_AGENT_CAP_GRANT = 475
NR_AGENT_CAP_REVOKE = 476
NR_AGENT_CAP_PRESENT = 477
NR_AGENT_AUDIT_QUERY = 478
NR_AGENT_MEMORY_TIER = 479

#: records up to this seq are durable
IOC_PERSISTED = 0x400841C0
#: Names the previous boot's head, which one record of this boot then holds.
IOC_LINK = 0x403841C1
#: After AGENT_IOC_LINK: the boot before ended without its last seal. What came after
#: this record of it is not known, which one record of this boot then says.
IOC_GAP = 0x400841C5
#: Closes the chain: SHUTDOWN record, final seal. No agent acts after it.
IOC_CLOSE = 0x000041C3
#: Seals the keyring of authorizers.
IOC_SEAL = 0x000041C2
#: Answers a request for approval.
IOC_ANSWER = 0x401041C4


class CallFlag(IntFlag):
    """Flags: common."""

    #: The aid field holds a descriptor of /agent/live/<aid>.
    BY_FD = 1 << 63


class SpawnFlag(IntFlag):
    """Flags: agent_spawn."""

    #: the caller enters the new agent
    ENTER = 1 << 0
    #: return a descriptor of its directory
    FD = 1 << 1


class RevokeFlag(IntFlag):
    """Flags: agent_cap_revoke."""

    #: every capability; id is 0
    ALL = 1 << 0
    #: end the agent: Terminated-revoked
    TERMINATE = 1 << 1


class AuditFlag(IntFlag):
    """Flags: agent_audit_query."""

    #: read the boot's MAC seed, once
    SEED = 1 << 0


class TierFlag(IntFlag):
    """Flags: agent_memory_tier."""

    #: go on in the background, and tell event_fd
    EVENT = 1 << 0


class FsRight(IntFlag):
    """Rights of class fs."""

    #: Open a file for reading.
    READ_FILE = 1 << 0
    #: Open a file for writing.
    WRITE_FILE = 1 << 1
    #: List a directory.
    READ_DIR = 1 << 2
    #: Remove or move a directory.
    REMOVE_DIR = 1 << 3
    #: Unlink or move what is no directory.
    REMOVE_FILE = 1 << 4
    #: Make a character device.
    MAKE_CHAR = 1 << 5
    #: Make a directory.
    MAKE_DIR = 1 << 6
    #: Make a regular file.
    MAKE_REG = 1 << 7
    #: Bind a pathname socket.
    MAKE_SOCK = 1 << 8
    #: Make a named pipe.
    MAKE_FIFO = 1 << 9
    #: Make a block device.
    MAKE_BLOCK = 1 << 10
    #: Make a symbolic link.
    MAKE_SYM = 1 << 11
    #: link or rename across hierarchies
    REFER = 1 << 12
    #: Change a file's length by name.
    TRUNCATE = 1 << 13
    #: ioctl on a device file.
    IOCTL_DEV = 1 << 14
    #: mode, owner, times, xattrs
    SETATTR = 1 << 15
    #: connect or send to a pathname socket
    CONNECT = 1 << 16


class ExecRight(IntFlag):
    """Rights of class exec."""

    #: Execute it.
    RUN = 1 << 0


class NetRight(IntFlag):
    """Rights of class net."""

    #: Connect to it.
    CONNECT = 1 << 0
    #: Bind to it.
    BIND = 1 << 1
    #: Listen on it.
    LISTEN = 1 << 2
    #: unconnected datagrams
    SEND = 1 << 3


class AgentRight(IntFlag):
    """Rights of class agent."""

    #: Spawn children.
    SPAWN = 1 << 0
    #: connect to a unix socket of that agent
    MESSAGE = 1 << 1
    #: Send a signal to its tasks.
    SIGNAL = 1 << 2
    #: /agent and the chain beyond its own subtree
    OBSERVE = 1 << 3
    #: user namespaces of its own and what they own
    SANDBOX = 1 << 4


class DevRight(IntFlag):
    """Rights of class dev."""

    #: Issue the ioctls.
    USE = 1 << 0


class MemRight(IntFlag):
    """Rights of class mem."""

    #: Have so many bytes in the tier.
    USE = 1 << 0


class SvcRight(IntFlag):
    """Rights of class svc."""

    #: Use the service.
    USE = 1 << 0


class State(IntEnum):
    """Where an agent is in its life. The last two are terminal."""

    #: Being made; not yet visible. Status SPAWNING.
    SPAWNING = 0
    #: Made and measured; no task has entered. Status READY.
    ATTESTED = 1
    #: A task has entered. Status ACTIVE.
    ACTIVE = 2
    #: A reservation of inference tokens found none. Status INF_BLOCKED.
    INFERENCE_BLOCKED = 3
    #: It was denied too much, and somebody should look. Status CAP_DENIED.
    CAP_DENIED = 4
    #: Its tasks stand still, and every capability is suspended. Status QUARANTINED.
    QUARANTINED = 5
    #: Its last task left by itself. Status TERMINATED_CLEAN.
    TERMINATED_CLEAN = 6
    #: It was ended. Status TERMINATED_REVOKED.
    TERMINATED_REVOKED = 7


class Class(IntEnum):
    """What kind of object a capability or a record speaks of."""

    #: the agent itself: records only, no capability
    LIFE = 0
    #: Files, by hierarchy.
    FS = 1
    #: Programs, by hierarchy or digest.
    EXEC = 2
    #: Network peers and abstract unix sockets.
    NET = 3
    #: Other agents.
    AGENT = 4
    #: Devices and their ioctls.
    DEV = 5
    #: Memory by tier.
    MEM = 6
    #: Services by name, decided by agent_cap_present().
    SVC = 7
    #: 8 and up: records only so far, always denied
    MOUNT = 8
    #: System V and POSIX IPC. Records only, always denied.
    IPC = 9
    #: Other tasks: ptrace, pidfd_getfd, setns. Records only, always denied.
    TASK = 10
    #: The kernel's own surface: bpf, perf, modules, keyrings. Records only, always
    #: denied.
    KERNEL = 11
    #: io_uring. Records only.
    URING = 12


class NetProto(IntEnum):
    """Net protocols."""

    #: tcp and udp
    ANY = 0
    #: TCP.
    TCP = 1
    #: UDP.
    UDP = 2
    #: A unix socket with an abstract name.
    UNIX_ABSTRACT = 3


class Who(IntEnum):
    """Whom an agent capability speaks of."""

    #: The holder.
    SELF = 0
    #: every descendant
    CHILDREN = 1
    #: The agent with this AID.
    AID = 2


class Lane(IntEnum):
    """The share of the CPU that an agent competes in."""

    #: What may wait.
    BACKGROUND = 0
    #: The default.
    NORMAL = 1
    #: Somebody waits for it.
    INTERACTIVE = 2


class AuditLevel(IntEnum):
    """What the chain holds of an agent. Denials are in every level."""

    #: Lifecycle, grants, revocations, denials.
    DENIALS = 0
    #: Every capability use and resource access too. The default.
    DECISIONS = 1
    #: Each system call too.
    SYSCALLS = 2


class Restart(IntEnum):
    """What coconutd does when the agent ends."""

    #: Nothing. The default.
    NEVER = 0
    #: Start it again unless it ended with exit status 0.
    FAILURE = 1
    #: Start it again.
    ALWAYS = 2


class Event(IntEnum):
    """What a record tells of."""

    #: Opens the chain. Object: public key of epoch 0, the attestation key; with a TPM
    #: its counter, the key of its root, a signature.
    BOOT = 0
    #: Closes the chain.
    SHUTDOWN = 1
    #: An agent was spawned or a spawn refused.
    SPAWN = 2
    #: object: "ATTESTED>ACTIVE"
    STATE = 3
    #: A task entered.
    ENTER = 4
    #: object: BLAKE3 of the program, then its path
    EXEC = 5
    #: agent_cap_grant().
    GRANT = 6
    #: agent_cap_revoke().
    REVOKE = 7
    #: agent_cap_present().
    PRESENT = 8
    #: a mediated operation
    ACCESS = 9
    #: agent_quota().
    QUOTA = 10
    #: agent_attest().
    ATTEST = 11
    #: agent_memory_tier().
    TIER = 12
    #: A task of the agent ended.
    EXIT = 13
    #: an authorizer key was added, or the keyring sealed
    AUTHORIZER = 14
    #: user space names the previous boot's head
    LINK = 15
    #: the seed was read
    QUERY = 16
    #: object: how many records could not be kept
    LOST = 17
    #: approval is asked for; object: number, then what
    ASK = 18
    #: object: number, AID, answer, by whom
    ANSWER = 19
    #: a limit of /agent/policy/limits was set
    POLICY = 20
    #: boot before has no last seal; object: its last record
    GAP = 21
    #: of the TPM; object: last record, PCR before, head
    EXTEND = 22
    #: a call begins; object: number, six arguments in hex
    SYSCALL = 23
    #: it returned; object: number, and in hex what
    RETURN = 24


class Decision(IntEnum):
    """What was decided."""

    #: Nothing was to decide.
    NONE = 0
    #: Allowed.
    ALLOWED = 1
    #: Denied.
    DENIED = 2
    #: would be denied, but for a permissive agent
    PERMITTED = 3


class QuotaKind(IntEnum):
    """What a quota limits. A kind that this kernel does not have answers EOPNOTSUPP."""

    #: Microseconds of CPU time in each second, of all CPUs together.
    CPU = 0
    #: Bytes of RAM. An agent that needs more is ended.
    RAM = 1
    #: Bytes of the HBM tier.
    HBM = 2
    #: Bytes of the SSD tier.
    SSD = 3
    #: Bytes a second to and from the network, both together.
    NET = 4
    #: Tokens of inference.
    INFERENCE_TOKENS = 5
    #: Live children.
    CHILDREN = 6
    #: Tasks.
    PIDS = 7
    #: Bytes a second read from each disk, and as many written to it.
    IO = 8
    #: Weight among the tenant's agents, 1 to 10000; unlimited: what the lane says.
    CPU_WEIGHT = 9
    #: Bytes of RAM above which the agent is slowed.
    RAM_HIGH = 10
    #: Bytes of RAM that are not taken from it; unlimited: none are kept.
    RAM_MIN = 11
    #: Bytes to and from the network, in all.
    NET_TOTAL = 12


class QuotaOp(IntEnum):
    """What agent_quota() does."""

    #: Read.
    GET = 0
    #: Set the limit to amount. An ancestor only.
    SET = 1
    #: Use amount units at once.
    DEBIT = 2
    #: Set amount units aside for lifetime_ns.
    RESERVE = 3
    #: End a reservation of which amount units were used.
    SETTLE = 4


class Tier(IntEnum):
    """A tier of memory."""

    #: The fastest memory that the machine has.
    HBM = 0
    #: Main memory.
    RAM = 1
    #: The spill volume.
    SSD = 2


class TierOp(IntEnum):
    """What agent_memory_tier() does."""

    #: length bytes of new memory; address is returned
    MAP = 0
    #: how much of address, length is in the tier
    QUERY = 1
    #: move address, length into the tier
    MOVE = 2
    #: move what is in a slower tier
    PROMOTE = 3
    #: move what is in a faster tier
    DEMOTE = 4
    #: move, then keep the whole mapping where it is
    PIN = 5
    #: the mapping may be moved again
    UNPIN = 6


#: The rights of each class that has some.
RIGHTS: Mapping[Class, type[IntFlag]] = {
    Class.FS: FsRight,
    Class.EXEC: ExecRight,
    Class.NET: NetRight,
    Class.AGENT: AgentRight,
    Class.DEV: DevRight,
    Class.MEM: MemRight,
    Class.SVC: SvcRight,
}
