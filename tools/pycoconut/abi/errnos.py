# Generated from syscalls/agent.yaml by `make regen`; edit that.
# SPDX-License-Identifier: Apache-2.0
"""What each errno of each call means."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence

__all__ = [
    "ERRORS",
]

#: Call -> errno -> its meanings, those of the call itself first.
ERRORS: Mapping[str, Mapping[int, Sequence[str]]] = {
    "agent_spawn": {
        errno.E2BIG: [
            "manifest_len or cap_set_len is larger than AGENT_MANIFEST_MAX, or "
            "there are more capabilities than AGENT_CAPS_MAX.",
            "size is larger than a page; or a tail that this kernel does not know is not zero.",
        ],
        errno.EACCES: [
            "A capability names a path that the caller may not search.",
        ],
        errno.EBADMSG: [
            "manifest is no COSE_Sign1, or it or cap_set is not deterministic CBOR.",
        ],
        errno.EBUSY: [
            "AGENT_SPAWN_ENTER by a task that has threads, shares its memory, "
            "descriptors or root, traces another, or is the last one of its agent; "
            "or the new agent was quarantined before it could be entered.",
        ],
        errno.EDQUOT: [
            "The parent has as many children as its capability or its budget "
            "allows, or stands AGENT_DEPTH_MAX deep; or there are as many cgroups "
            "as the operator allows.",
        ],
        errno.EFAULT: [
            "A pointer, or the structure itself, is outside the caller's memory.",
        ],
        errno.EINVAL: [
            "A value in the manifest or in cap_set is outside what it may be; a "
            "capability of cap_set is not within the manifest's; or the tenant has "
            "the name of a control file of cgroups.",
            "size is smaller than the first version of the structure; a flag is "
            "unknown; a reserved field is not 0.",
        ],
        errno.EKEYREJECTED: [
            "The manifest's signature is wrong.",
        ],
        errno.ELOOP: [
            "A capability names a path with too many symbolic links.",
        ],
        errno.EMFILE: [
            "AGENT_SPAWN_FD, and the caller has no descriptor left.",
        ],
        errno.ENAMETOOLONG: [
            "A capability names a path with a part that is too long.",
        ],
        errno.ENFILE: [
            "AGENT_SPAWN_FD, and the system has no descriptor left.",
        ],
        errno.ENOENT: [
            "A capability names a path that does not exist.",
        ],
        errno.ENOKEY: [
            "The manifest's authorizer is not in the keyring.",
        ],
        errno.ENOMEM: [
            "The kernel has no memory for it.",
        ],
        errno.ENOSYS: [
            "The structure does not open with AGENT_MAGIC, or its first 8 bytes "
            "cannot be read. A kernel without agents answers the same.",
        ],
        errno.ENOTDIR: [
            "A capability names a path through what is no directory.",
        ],
        errno.EOPNOTSUPP: [
            "AGENT_SPAWN_FD, and the kernel has no agentfs; or the machine has no "
            "cgroup v2 controller for the lane or for a limit.",
        ],
        errno.EPERM: [
            "The caller may not spawn; none of its capabilities covers one that was "
            "asked for; or a budget is larger than the caller's. Or the manifest "
            "names another tenant, a better lane or a lower audit level than the "
            "spawning agent has, or says permissive where that one is not.",
        ],
        errno.ESRCH: [
            "The new agent was ended before it could be entered, or the caller's "
            "own agent has ended.",
        ],
    },
    "agent_attest": {
        errno.E2BIG: [
            "size is larger than a page; or a tail that this kernel does not know is not zero.",
        ],
        errno.EBADF: [
            "With AGENT_BY_FD, aid is no descriptor of an agent's directory.",
        ],
        errno.EFAULT: [
            "A pointer, or the structure itself, is outside the caller's memory.",
        ],
        errno.EINVAL: [
            "nonce_len is neither 0 nor between 8 and AGENT_NONCE_MAX.",
            "size is smaller than the first version of the structure; a flag is "
            "unknown; a reserved field is not 0.",
        ],
        errno.EMSGSIZE: [
            "buf has no room; buf_len says how many bytes are needed.",
        ],
        errno.ENOMEM: [
            "The kernel has no memory for it.",
        ],
        errno.ENOSYS: [
            "The structure does not open with AGENT_MAGIC, or its first 8 bytes "
            "cannot be read. A kernel without agents answers the same.",
        ],
        errno.ESRCH: [
            "There is no such agent; or it has ended where a live one is needed; or "
            "the caller may not see it.",
        ],
    },
    "agent_quota": {
        errno.E2BIG: [
            "size is larger than a page; or a tail that this kernel does not know is not zero.",
        ],
        errno.EBADF: [
            "With AGENT_BY_FD, aid is no descriptor of an agent's directory.",
        ],
        errno.EDQUOT: [
            "amount is more than is left, and nothing was charged; on settling, "
            "more was used than reserved and is left, and what fits was charged; or "
            "there are 1024 reservations.",
        ],
        errno.EFAULT: [
            "A pointer, or the structure itself, is outside the caller's memory.",
        ],
        errno.EINVAL: [
            "kind or op is unknown; a reservation with no lifetime or one above 24 "
            "hours; or a limit that is none of this kind.",
            "size is smaller than the first version of the structure; a flag is "
            "unknown; a reserved field is not 0.",
        ],
        errno.ENOENT: [
            "The caller's agent made no such reservation, or it has run out.",
        ],
        errno.ENOMEM: [
            "The kernel has no memory for it.",
        ],
        errno.ENOSYS: [
            "The structure does not open with AGENT_MAGIC, or its first 8 bytes "
            "cannot be read. A kernel without agents answers the same.",
        ],
        errno.EOPNOTSUPP: [
            "This kernel does not account this kind, or not with this operation.",
        ],
        errno.EPERM: [
            "The caller may not set this agent's quota, only an ancestor may; or "
            "amount is above the limit of the agent's parent.",
        ],
        errno.ESRCH: [
            "There is no such agent; or it has ended where a live one is needed; or "
            "the caller may not see it.",
        ],
    },
    "agent_cap_grant": {
        errno.E2BIG: [
            "cap_len is larger than AGENT_CAP_MAX, or the agent would have more "
            "than AGENT_CAPS_MAX.",
            "size is larger than a page; or a tail that this kernel does not know is not zero.",
        ],
        errno.EACCES: [
            "cap names a path that the caller may not search.",
        ],
        errno.EBADF: [
            "With AGENT_BY_FD, aid is no descriptor of an agent's directory.",
        ],
        errno.EBADMSG: [
            "cap is not deterministic CBOR.",
        ],
        errno.EFAULT: [
            "A pointer, or the structure itself, is outside the caller's memory.",
        ],
        errno.EINVAL: [
            "A value in cap is outside what it may be.",
            "size is smaller than the first version of the structure; a flag is "
            "unknown; a reserved field is not 0.",
        ],
        errno.ELOOP: [
            "cap names a path with too many symbolic links.",
        ],
        errno.ENAMETOOLONG: [
            "cap names a path with a part that is too long.",
        ],
        errno.ENOENT: [
            "cap names a path that does not exist, or parent no capability of the caller.",
        ],
        errno.ENOMEM: [
            "The kernel has no memory for it.",
        ],
        errno.ENOSYS: [
            "The structure does not open with AGENT_MAGIC, or its first 8 bytes "
            "cannot be read. A kernel without agents answers the same.",
        ],
        errno.ENOTDIR: [
            "cap names a path through what is no directory.",
        ],
        errno.EPERM: [
            "The caller does not stand above the agent, or no capability of the "
            "caller covers this one with depth left, or the manifest of the agent "
            "does not allow it.",
        ],
        errno.ESRCH: [
            "There is no such agent; or it has ended where a live one is needed; or "
            "the caller may not see it.",
        ],
    },
    "agent_cap_revoke": {
        errno.E2BIG: [
            "size is larger than a page; or a tail that this kernel does not know is not zero.",
        ],
        errno.EBADF: [
            "With AGENT_BY_FD, aid is no descriptor of an agent's directory.",
        ],
        errno.EFAULT: [
            "A pointer, or the structure itself, is outside the caller's memory.",
        ],
        errno.EINVAL: [
            "AGENT_REVOKE_ALL or AGENT_REVOKE_TERMINATE with an id.",
            "size is smaller than the first version of the structure; a flag is "
            "unknown; a reserved field is not 0.",
        ],
        errno.ENOENT: [
            "The agent has no such capability.",
        ],
        errno.ENOMEM: [
            "The kernel has no memory for it.",
        ],
        errno.ENOSYS: [
            "The structure does not open with AGENT_MAGIC, or its first 8 bytes "
            "cannot be read. A kernel without agents answers the same.",
        ],
        errno.EPERM: [
            "The caller does not stand above the agent.",
        ],
        errno.ESRCH: [
            "There is no such agent; or it has ended where a live one is needed; or "
            "the caller may not see it.",
        ],
    },
    "agent_cap_present": {
        errno.E2BIG: [
            "cap_len is larger than AGENT_CAP_MAX.",
            "size is larger than a page; or a tail that this kernel does not know is not zero.",
        ],
        errno.EACCES: [
            "Denied: a request of class fs, exec, net or dev. Or cap names a path "
            "that the caller may not search.",
        ],
        errno.EBADF: [
            "With AGENT_BY_FD, aid is no descriptor of an agent's directory.",
        ],
        errno.EBADMSG: [
            "cap is not deterministic CBOR.",
        ],
        errno.EFAULT: [
            "A pointer, or the structure itself, is outside the caller's memory.",
        ],
        errno.EINVAL: [
            "A value in cap is outside what it may be.",
            "size is smaller than the first version of the structure; a flag is "
            "unknown; a reserved field is not 0.",
        ],
        errno.ELOOP: [
            "cap names a path with too many symbolic links.",
        ],
        errno.ENAMETOOLONG: [
            "cap names a path with a part that is too long.",
        ],
        errno.ENOENT: [
            "cap names a path that does not exist.",
        ],
        errno.ENOMEM: [
            "The kernel has no memory for it.",
        ],
        errno.ENOSYS: [
            "The structure does not open with AGENT_MAGIC, or its first 8 bytes "
            "cannot be read. A kernel without agents answers the same.",
        ],
        errno.ENOTDIR: [
            "cap names a path through what is no directory.",
        ],
        errno.EPERM: [
            "Denied: a request of any other class.",
        ],
        errno.ESRCH: [
            "There is no such agent; or it has ended where a live one is needed; or "
            "the caller may not see it.",
        ],
    },
    "agent_audit_query": {
        errno.E2BIG: [
            "size is larger than a page; or a tail that this kernel does not know is not zero.",
        ],
        errno.EALREADY: [
            "The seed was read before.",
        ],
        errno.EBADF: [
            "With AGENT_BY_FD, aid is no descriptor of an agent's directory.",
        ],
        errno.EFAULT: [
            "A pointer, or the structure itself, is outside the caller's memory.",
        ],
        errno.EINVAL: [
            "first_seq is larger than last_seq.",
            "size is smaller than the first version of the structure; a flag is "
            "unknown; a reserved field is not 0.",
        ],
        errno.EMSGSIZE: [
            "The first record that matches does not fit; or buf_len is less than 32 "
            "with AGENT_AUDIT_SEED.",
        ],
        errno.ENOMEM: [
            "The kernel has no memory for it.",
        ],
        errno.ENOSYS: [
            "The structure does not open with AGENT_MAGIC, or its first 8 bytes "
            "cannot be read. A kernel without agents answers the same.",
        ],
        errno.EPERM: [
            "AGENT_AUDIT_SEED by other than the boot agent with CAP_SYS_ADMIN; any "
            "query from outside every agent without CAP_AUDIT_READ or "
            "CAP_SYS_ADMIN.",
        ],
        errno.ESRCH: [
            "There is no such agent; or it has ended where a live one is needed; or "
            "the caller may not see it.",
        ],
    },
    "agent_memory_tier": {
        errno.E2BIG: [
            "size is larger than a page; or a tail that this kernel does not know is not zero.",
        ],
        errno.EBADF: [
            "event_fd is no descriptor.",
            "With AGENT_BY_FD, aid is no descriptor of an agent's directory.",
        ],
        errno.EBUSY: [
            "The mapping is pinned; or AGENT_TIER_EVENT, and an earlier move is under way.",
        ],
        errno.EDQUOT: [
            "The budget of the agent, or of one above it, has not as much left, and "
            "nothing was moved.",
        ],
        errno.EFAULT: [
            "A part of the range is not memory that the caller's agent has mapped by this call.",
            "A pointer, or the structure itself, is outside the caller's memory.",
        ],
        errno.EINTR: [
            "The caller is being killed, as who traces it sees.",
        ],
        errno.EINVAL: [
            "tier or op is unknown, or the tier has nothing faster to demote from "
            "or slower to promote from, or cannot be pinned; address or length is "
            "not a multiple of the page size, or length is 0; the range ends beyond "
            "user space; or AGENT_TIER_EVENT with an op that moves nothing, or an "
            "event_fd that is no eventfd.",
            "size is smaller than the first version of the structure; a flag is "
            "unknown; a reserved field is not 0.",
        ],
        errno.EIO: [
            "The spill volume failed to take or to give what was moved.",
        ],
        errno.ENODEV: [
            "The machine has no such tier.",
        ],
        errno.ENOMEM: [
            "The kernel has no memory for it.",
        ],
        errno.ENOSPC: [
            "The tier has not as many free pages, and nothing was moved.",
        ],
        errno.ENOSYS: [
            "The structure does not open with AGENT_MAGIC, or its first 8 bytes "
            "cannot be read. A kernel without agents answers the same.",
        ],
        errno.EOPNOTSUPP: [
            "The memory has no place on the spill volume; or what holds this volume "
            "cannot set space aside.",
        ],
        errno.EPERM: [
            "The agent is not the caller's own; or none of its capabilities covers "
            "so much of the tier.",
        ],
        errno.ESRCH: [
            "There is no such agent; or it has ended where a live one is needed; or "
            "the caller may not see it.",
        ],
    },
}
