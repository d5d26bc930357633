/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Generated from syscalls/agent.yaml by `make regen`; edit that. */
#ifndef _UAPI_LINUX_AGENT_H
#define _UAPI_LINUX_AGENT_H

#include <linux/types.h>

#define AGENT_ABI_VERSION	1

/* First field of every argument structure: "COCONUT1", little-endian. */
#define AGENT_MAGIC		0x3154554e4f434f43ULL

#define AGENT_AID_SELF		0ULL	/* in a call: the caller's own agent */
#define AGENT_NAME_MAX		64
#define AGENT_TENANT_MAX	64
#define AGENT_MANIFEST_MAX	65536	/* bytes of COSE_Sign1 */
#define AGENT_CAP_MAX		8192	/* bytes of one encoded capability */
#define AGENT_CAPS_MAX		1024	/* capabilities of one agent */
#define AGENT_NONCE_MAX		64
#define AGENT_DIGEST_SIZE	32
#define AGENT_DEPTH_MAX		32	/* of the agent tree */

/* Where the chain is anchored in a TPM 2. */
#define AGENT_TPM_PCR		15
#define AGENT_TPM_NV_ROOT	0x018c0c00	/* holds the root that signs each boot */
#define AGENT_TPM_NV_COUNTER	0x018c0c01	/* counts the openings and closings of chains */

/* Common flag: the aid field holds a descriptor of /agent/live/<aid>. */
#define AGENT_BY_FD		(1ULL << 63)

/* agent_spawn flags */
#define AGENT_SPAWN_ENTER	(1ULL << 0)	/* the caller enters the new agent */
#define AGENT_SPAWN_FD		(1ULL << 1)	/* return a descriptor of its directory */

/* agent_cap_revoke flags */
#define AGENT_REVOKE_ALL	(1ULL << 0)	/* every capability; id is 0 */
#define AGENT_REVOKE_TERMINATE	(1ULL << 1)	/* end the agent: Terminated-revoked */

/* agent_audit_query flags */
#define AGENT_AUDIT_SEED	(1ULL << 0)	/* read the boot's MAC seed, once */

/* agent_memory_tier flags */
#define AGENT_TIER_EVENT	(1ULL << 0)	/* go on in the background, and tell event_fd */

enum agent_state {
	AGENT_STATE_SPAWNING		= 0,
	AGENT_STATE_ATTESTED		= 1,
	AGENT_STATE_ACTIVE		= 2,
	AGENT_STATE_INFERENCE_BLOCKED	= 3,
	AGENT_STATE_CAP_DENIED		= 4,
	AGENT_STATE_QUARANTINED		= 5,
	AGENT_STATE_TERMINATED_CLEAN	= 6,
	AGENT_STATE_TERMINATED_REVOKED	= 7,
};

enum agent_class {
	AGENT_CLASS_LIFE	= 0,	/* the agent itself: records only, no capability */
	AGENT_CLASS_FS		= 1,
	AGENT_CLASS_EXEC	= 2,
	AGENT_CLASS_NET		= 3,
	AGENT_CLASS_AGENT	= 4,
	AGENT_CLASS_DEV		= 5,
	AGENT_CLASS_MEM		= 6,
	AGENT_CLASS_SVC		= 7,
	AGENT_CLASS_MOUNT	= 8,	/* 8 and up: records only so far, always denied */
	AGENT_CLASS_IPC		= 9,
	AGENT_CLASS_TASK	= 10,
	AGENT_CLASS_KERNEL	= 11,
	AGENT_CLASS_URING	= 12,
};

/* fs rights */
#define AGENT_FS_READ_FILE	(1ULL << 0)
#define AGENT_FS_WRITE_FILE	(1ULL << 1)
#define AGENT_FS_READ_DIR	(1ULL << 2)
#define AGENT_FS_REMOVE_DIR	(1ULL << 3)
#define AGENT_FS_REMOVE_FILE	(1ULL << 4)
#define AGENT_FS_MAKE_CHAR	(1ULL << 5)
#define AGENT_FS_MAKE_DIR	(1ULL << 6)
#define AGENT_FS_MAKE_REG	(1ULL << 7)
#define AGENT_FS_MAKE_SOCK	(1ULL << 8)
#define AGENT_FS_MAKE_FIFO	(1ULL << 9)
#define AGENT_FS_MAKE_BLOCK	(1ULL << 10)
#define AGENT_FS_MAKE_SYM	(1ULL << 11)
#define AGENT_FS_REFER		(1ULL << 12)	/* link or rename across hierarchies */
#define AGENT_FS_TRUNCATE	(1ULL << 13)
#define AGENT_FS_IOCTL_DEV	(1ULL << 14)
#define AGENT_FS_SETATTR	(1ULL << 15)	/* mode, owner, times, xattrs */
#define AGENT_FS_CONNECT	(1ULL << 16)	/* connect or send to a pathname socket */
#define AGENT_FS_ALL		((1ULL << 17) - 1)

/* exec rights */
#define AGENT_EXEC_RUN		(1ULL << 0)
#define AGENT_EXEC_ALL		AGENT_EXEC_RUN

/* net rights */
#define AGENT_NET_CONNECT	(1ULL << 0)
#define AGENT_NET_BIND		(1ULL << 1)
#define AGENT_NET_LISTEN	(1ULL << 2)
#define AGENT_NET_SEND		(1ULL << 3)	/* unconnected datagrams */
#define AGENT_NET_ALL		((1ULL << 4) - 1)

/* agent rights */
#define AGENT_AGENT_SPAWN	(1ULL << 0)
#define AGENT_AGENT_MESSAGE	(1ULL << 1)	/* connect to a unix socket of that agent */
#define AGENT_AGENT_SIGNAL	(1ULL << 2)
#define AGENT_AGENT_OBSERVE	(1ULL << 3)	/* /agent and the chain beyond its own subtree */
#define AGENT_AGENT_SANDBOX	(1ULL << 4)	/* user namespaces of its own and what they own */
#define AGENT_AGENT_ALL		((1ULL << 5) - 1)

/* dev rights */
#define AGENT_DEV_USE		(1ULL << 0)
#define AGENT_DEV_ALL		AGENT_DEV_USE

/* mem rights */
#define AGENT_MEM_USE		(1ULL << 0)
#define AGENT_MEM_ALL		AGENT_MEM_USE

/* svc rights */
#define AGENT_SVC_USE		(1ULL << 0)
#define AGENT_SVC_ALL		AGENT_SVC_USE

/* net protocols */
enum agent_net_proto {
	AGENT_NET_ANY		= 0,	/* tcp and udp */
	AGENT_NET_TCP		= 1,
	AGENT_NET_UDP		= 2,
	AGENT_NET_UNIX_ABSTRACT	= 3,
};

/* whom an agent capability speaks of */
enum agent_who {
	AGENT_WHO_SELF		= 0,
	AGENT_WHO_CHILDREN	= 1,	/* every descendant */
	AGENT_WHO_AID		= 2,
};

enum agent_lane {
	AGENT_LANE_BACKGROUND	= 0,
	AGENT_LANE_NORMAL	= 1,
	AGENT_LANE_INTERACTIVE	= 2,
};

enum agent_audit_level {
	AGENT_AUDIT_DENIALS	= 0,
	AGENT_AUDIT_DECISIONS	= 1,
	AGENT_AUDIT_SYSCALLS	= 2,
};

enum agent_restart {
	AGENT_RESTART_NEVER	= 0,
	AGENT_RESTART_FAILURE	= 1,
	AGENT_RESTART_ALWAYS	= 2,
};

enum agent_event {
	AGENT_EVENT_BOOT	= 0,
	AGENT_EVENT_SHUTDOWN	= 1,
	AGENT_EVENT_SPAWN	= 2,
	AGENT_EVENT_STATE	= 3,	/* object: "ATTESTED>ACTIVE" */
	AGENT_EVENT_ENTER	= 4,
	AGENT_EVENT_EXEC	= 5,	/* object: BLAKE3 of the program, then its path */
	AGENT_EVENT_GRANT	= 6,
	AGENT_EVENT_REVOKE	= 7,
	AGENT_EVENT_PRESENT	= 8,
	AGENT_EVENT_ACCESS	= 9,	/* a mediated operation */
	AGENT_EVENT_QUOTA	= 10,
	AGENT_EVENT_ATTEST	= 11,
	AGENT_EVENT_TIER	= 12,
	AGENT_EVENT_EXIT	= 13,
	AGENT_EVENT_AUTHORIZER	= 14,	/* an authorizer key was added, or the keyring sealed */
	AGENT_EVENT_LINK	= 15,	/* user space names the previous boot's head */
	AGENT_EVENT_QUERY	= 16,	/* the seed was read */
	AGENT_EVENT_LOST	= 17,	/* object: how many records could not be kept */
	AGENT_EVENT_ASK		= 18,	/* approval is asked for; object: number, then what */
	AGENT_EVENT_ANSWER	= 19,	/* object: number, AID, answer, by whom */
	AGENT_EVENT_POLICY	= 20,	/* a limit of /agent/policy/limits was set */
	AGENT_EVENT_GAP		= 21,	/* boot before has no last seal; object: its last record */
	AGENT_EVENT_EXTEND	= 22,	/* of the TPM; object: last record, PCR before, head */
	AGENT_EVENT_SYSCALL	= 23,	/* a call begins; object: number, six arguments in hex */
	AGENT_EVENT_RETURN	= 24,	/* it returned; object: number, and in hex what */
};

enum agent_decision {
	AGENT_DECISION_NONE		= 0,
	AGENT_DECISION_ALLOWED		= 1,
	AGENT_DECISION_DENIED		= 2,
	AGENT_DECISION_PERMITTED	= 3,	/* would be denied, but for a permissive agent */
};

/* In a record's rights: something that no capability gives was asked for. */
#define AGENT_RIGHT_NEVER	0x8000000000000000ULL

enum agent_quota_kind {
	AGENT_QUOTA_CPU			= 0,
	AGENT_QUOTA_RAM			= 1,
	AGENT_QUOTA_HBM			= 2,
	AGENT_QUOTA_SSD			= 3,
	AGENT_QUOTA_NET			= 4,
	AGENT_QUOTA_INFERENCE_TOKENS	= 5,
	AGENT_QUOTA_CHILDREN		= 6,
	AGENT_QUOTA_PIDS		= 7,
	AGENT_QUOTA_IO			= 8,
	AGENT_QUOTA_CPU_WEIGHT		= 9,
	AGENT_QUOTA_RAM_HIGH		= 10,
	AGENT_QUOTA_RAM_MIN		= 11,
	AGENT_QUOTA_NET_TOTAL		= 12,
};

enum agent_quota_op {
	AGENT_QUOTA_GET		= 0,
	AGENT_QUOTA_SET		= 1,
	AGENT_QUOTA_DEBIT	= 2,
	AGENT_QUOTA_RESERVE	= 3,
	AGENT_QUOTA_SETTLE	= 4,
};

#define AGENT_QUOTA_UNLIMITED	0xffffffffffffffffULL

enum agent_tier {
	AGENT_TIER_HBM	= 0,
	AGENT_TIER_RAM	= 1,
	AGENT_TIER_SSD	= 2,
};

enum agent_tier_op {
	AGENT_TIER_MAP		= 0,	/* length bytes of new memory; address is returned */
	AGENT_TIER_QUERY	= 1,	/* how much of address, length is in the tier */
	AGENT_TIER_MOVE		= 2,	/* move address, length into the tier */
	AGENT_TIER_PROMOTE	= 3,	/* move what is in a slower tier */
	AGENT_TIER_DEMOTE	= 4,	/* move what is in a faster tier */
	AGENT_TIER_PIN		= 5,	/* move, then keep the whole mapping where it is */
	AGENT_TIER_UNPIN	= 6,	/* the mapping may be moved again */
};

/* 472 */
struct agent_spawn_args {
	__u64 magic;
	__u64 flags;
	__u64 manifest;		/* pointer: COSE_Sign1 */
	__u32 manifest_len;
	__u32 cap_set_len;
	__u64 cap_set;		/* pointer: CBOR array of capabilities; 0: the manifest's */
	__u64 aid;		/* out */
	__s32 fd;		/* out, with AGENT_SPAWN_FD; else -1 */
	__u32 reserved;
};

/* 473 */
struct agent_attest_args {
	__u64 magic;
	__u64 flags;
	__u64 aid;
	__u64 nonce;		/* pointer */
	__u32 nonce_len;	/* 0, or 8 to AGENT_NONCE_MAX */
	__u32 reserved;
	__u64 buf;		/* pointer: CBOR array of COSE_Sign1, the agent's first */
	__u64 buf_len;		/* in: room; out: bytes written, or needed with EMSGSIZE */
};

/* 474 */
struct agent_quota_args {
	__u64 magic;
	__u64 flags;
	__u64 aid;
	__u32 kind;
	__u32 op;
	__u64 amount;		/* set: limit; debit, reserve: how much; settle: what was used */
	__u64 reservation;	/* out of reserve, in of settle */
	__u64 lifetime_ns;	/* reserve: it ends by itself after this long */
	__u64 limit;		/* out */
	__u64 used;		/* out */
	__u64 reserved;		/* out: sum of live reservations */
	__u64 high_water;	/* out */
};

/* 475 */
struct agent_cap_grant_args {
	__u64 magic;
	__u64 flags;
	__u64 aid;
	__u64 cap;		/* pointer: CBOR capability */
	__u32 cap_len;
	__u32 reserved;
	__u64 parent;		/* the caller's capability to derive from; 0: any that covers it */
	__u64 id;		/* out */
};

/* 476 */
struct agent_cap_revoke_args {
	__u64 magic;
	__u64 flags;
	__u64 aid;
	__u64 id;
	__u64 withdrawn;	/* out: it and all that was derived from it, everywhere */
};

/* 477 */
struct agent_cap_present_args {
	__u64 magic;
	__u64 flags;
	__u64 aid;
	__u64 cap;		/* pointer: CBOR capability, read as the request */
	__u32 cap_len;
	__u32 reserved;
	__u64 id;		/* out: the capability that allowed it */
	__u64 seq;		/* out: the record of the decision */
};

/* 478 */
struct agent_audit_query_args {
	__u64 magic;
	__u64 flags;
	__u64 aid;		/* only of this agent; 0: all that the caller may see */
	__u64 first_seq;
	__u64 last_seq;		/* inclusive; all ones: no end */
	__u64 events;		/* bit n: enum agent_event n; 0: all */
	__u64 decisions;	/* bit n: enum agent_decision n; 0: all */
	__u64 buf;		/* pointer: CBOR sequence of records */
	__u64 buf_len;		/* in: room; out: bytes written */
	__u64 count;		/* out: records written */
	__u64 next_seq;		/* out: where to go on */
	__u64 sealed_seq;	/* out: last sequence number sealed so far */
};

/* 479 */
struct agent_memory_tier_args {
	__u64 magic;
	__u64 flags;
	__u64 aid;
	__u32 tier;
	__u32 op;
	__u64 address;		/* in, out */
	__u64 length;
	__u64 achieved;		/* out: bytes in the tier */
	__s32 event_fd;		/* with AGENT_TIER_EVENT: an eventfd */
	__u32 reserved;
};

/* ioctls of /agent/audit/chain.log */
struct agent_audit_link {
	__u8 head[AGENT_DIGEST_SIZE];
	__u64 last_seq;
	__u8 boot_id[16];
};

#define AGENT_IOC_PERSISTED	_IOW('A', 0xc0, __u64)	/* records up to this seq are durable */
#define AGENT_IOC_LINK		_IOW('A', 0xc1, struct agent_audit_link)
#define AGENT_IOC_GAP		_IOW('A', 0xc5, __u64)
#define AGENT_IOC_CLOSE		_IO('A', 0xc3)

/* ioctl of /agent/policy/authorizers: no key is added after it */
#define AGENT_IOC_SEAL		_IO('A', 0xc2)

/* ioctl of /agent/policy/approvals */
struct agent_approval_answer {
	__u64 id;
	__u32 allow;		/* 1: this one use is allowed; 0: it is denied */
	__u32 reserved;
};

#define AGENT_IOC_ANSWER	_IOW('A', 0xc4, struct agent_approval_answer)

#endif /* _UAPI_LINUX_AGENT_H */
