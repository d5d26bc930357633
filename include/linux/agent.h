/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Agents, as the rest of the kernel sees them.
 *
 * Lock order: agent_tree_lock (mutex) > agent->caps_lock (mutex) > agent->lock (spin,
 * interrupts off); agent_tree_lock > group_lock (mutex) > what a cgroup's files take. The
 * hot path (a decision about current) takes none of them: cred->agent is stable while
 * the credential is, and agent->caps is an immutable snapshot under RCU.
 */
#ifndef _LINUX_AGENT_H
#define _LINUX_AGENT_H

#include <linux/types.h>
#include <linux/refcount.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/mutex.h>
#include <linux/nodemask_types.h>
#include <linux/spinlock.h>
#include <linux/path.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/cred.h>
#include <uapi/linux/agent.h>

struct cap_set;
struct cgroup;
struct manifest;
struct task_struct;
struct seq_file;

/**
 * struct agent_quota - one budget of one agent
 * @limit: AGENT_QUOTA_UNLIMITED or a number of units; agent->lock
 * @used: settled and debited
 * @reserved: sum of the live reservations
 * @high_water: largest used + reserved seen
 * @stalls: how often it was refused, or slowed
 */
struct agent_quota {
	u64 limit;
	u64 used;
	u64 reserved;
	u64 high_water;
	u64 stalls;
};

/**
 * struct agent_group - an agent's place in the cgroup hierarchy; group_lock
 * @cgroup: its share, in which those of its children stand; NULL: gone, or the boot agent's
 * @own: a leaf of it for the agent's own tasks, from the first child on; else NULL
 * @controls: bit n: enum group_control n is handed on to @own and the children
 * @nr_below: children with a group
 */
struct agent_group {
	struct cgroup *cgroup;
	struct cgroup *own;
	u32 controls;
	u32 nr_below;
};

#define AGENT_NR_QUOTAS		13
#define AGENT_NR_TIERS		3

/* Between two stamps: who keeps one has the bits below for what goes with it. */
#define AGENT_STAMP_STEP	16

struct agent {
	u64 aid;				/* constant */
	refcount_t ref;
	struct rcu_head rcu;			/* lookups race with the last put */
	struct work_struct free_work;		/* to free sleeps, the last put may not */
	struct agent *parent;			/* constant, holds a reference; NULL: boot agent */
	struct list_head children;		/* live ones; agent_tree_lock */
	struct list_head sibling;		/* then in the graveyard; agent_tree_lock */
	u32 depth;				/* constant */

	spinlock_t lock;			/* state, quotas, digests, reservations */
	enum agent_state state;
	u32 strikes;				/* how often denials brought it to Cap-denied */
	u32 strike_denials;			/* denials since then */
	int exit_code;
	wait_queue_head_t wait;			/* woken at every transition */

	atomic_t nr_tasks;			/* live tasks; the last one out ends the agent */
	atomic_t nr_children;			/* live children */

	struct mutex caps_lock;			/* writers of caps */
	struct cap_set __rcu *caps;		/* NULL: boot agent; empty once it has ended */
	atomic_t epoch;				/* moved by a revoke or quarantine */
	atomic64_t stamp;			/* of this agent in this epoch: see caches */

	atomic_t suspended;			/* quarantined: it, and ancestors of it */
	bool suspends;				/* it is one of them; agent_tree_lock */
	struct work_struct quarantine_work;	/* what a quarantine does that may sleep */

	struct manifest *manifest;		/* constant after spawn; NULL: boot agent */
	char name[AGENT_NAME_MAX + 1];		/* constant */
	char tenant[AGENT_TENANT_MAX + 1];	/* constant */
	u8 lane;				/* enum agent_lane; constant */
	u8 audit_level;				/* enum agent_audit_level; constant */
	bool permissive;			/* denials pass, recorded as such; constant */
	u8 manifest_digest[AGENT_DIGEST_SIZE];	/* BLAKE3 of the COSE_Sign1; constant */
	u8 authorizer[32];			/* Ed25519 public key; constant */
	u8 code_digest[AGENT_DIGEST_SIZE];	/* of the last program executed; lock */
	u8 head_at_spawn[AGENT_DIGEST_SIZE];	/* constant */
	u64 spawned_ns;				/* monotonic; constant */
	u64 ended_ns;
	u64 nr_denials;				/* lock-free counters for status */
	u64 nr_permitted;
	u32 nr_waiting;				/* for approval, its descendants' too; of */
	u32 nr_asked;				/* what the boot agent spawned: approval.c */
	u64 asked_since_ns;			/* the minute that nr_asked counts in */
	struct agent_group group;		/* its share */
	struct work_struct group_work;		/* that removes it */
	struct agent_quota quota[AGENT_NR_QUOTAS];	/* lock */
	struct list_head reservations;		/* lock */
	u32 nr_reservations;			/* lock */
	struct delayed_work reservation_work;	/* that ends them; queued, it holds a reference */
	u64 net_next_ns;			/* when what went and came is paid for; lock */
	atomic64_t net_in;			/* bytes, its descendants' too */
	atomic64_t net_out;
	u32 quota_told;				/* bit n: that kind n ran out is on record; lock */
	atomic64_t tier_bytes[AGENT_NR_TIERS];	/* its own, by agent_memory_tier() */
};

#ifdef CONFIG_COCONUT

extern struct agent agent_boot;			/* a:00000 */

/* ---- object and tree (kernel/agent/agent.c, tree.c) ---- */
struct agent *agent_get(struct agent *agent);	/* NULL is passed through */
void agent_put(struct agent *agent);
struct agent *agent_lookup(u64 aid);		/* takes a reference; graveyard included; or NULL */
struct agent *agent_next(u64 *aid);		/* first with an AID >= *aid, referenced; or NULL */
bool agent_is_ancestor(const struct agent *anc, const struct agent *agent);	/* or the same */
/* May viewer's tasks see agent: itself, a descendant, or by an observe capability. NULL: boot. */
bool agent_may_observe(const struct agent *viewer, const struct agent *agent);

/* current's agent, or NULL outside every agent. No reference: valid while current's cred is. */
static inline struct agent *agent_current(void)
{
	return current_cred()->agent;
}

static inline struct agent *cred_agent(const struct cred *cred)
{
	return cred->agent;
}

static inline u64 agent_aid(const struct agent *agent)
{
	return agent ? agent->aid : 0;
}

/* ---- states (kernel/agent/state.c) ---- */

/**
 * agent_is_terminal() - has an agent ended?
 * @agent: the agent
 *
 * Context: any. Without a lock the answer no may be old, the answer yes stays true.
 * Return: true if it has.
 */
static inline bool agent_is_terminal(const struct agent *agent)
{
	return READ_ONCE(agent->state) >= AGENT_STATE_TERMINATED_CLEAN;
}

/**
 * agent_suspended() - do an agent's capabilities count for nothing at present?
 * @agent: the agent
 *
 * Context: any.
 * Return: true if it is quarantined, or an agent above it is.
 */
static inline bool agent_suspended(const struct agent *agent)
{
	return READ_ONCE(agent->state) == AGENT_STATE_QUARANTINED ||
	       atomic_read(&agent->suspended);
}

const char *agent_state_name(enum agent_state state);		/* "Spawning", "Cap-denied" ... */
const char *agent_state_status(enum agent_state state);		/* "READY", "INF_BLOCKED" ... */
int agent_transition(struct agent *agent, enum agent_state to, const char *why);

/* ---- quarantine (quarantine.c, freeze.c) ---- */

/**
 * struct agent_task - what is kept with each task, in the security module's part
 * @park: runs before the task returns to user space
 * @armed: bit 0: @park is queued
 */
struct agent_task {
	struct callback_head park;
	unsigned long armed;
};

void agent_task_room(size_t offset);		/* where, in task->security; once, at boot */
int agent_quarantine(struct agent *agent, const char *why);
int agent_release(struct agent *agent);
int agent_acknowledge(struct agent *agent);

/* ---- spawn and entering (spawn.c, enter.c) ---- */
int agent_enter(struct agent *agent);		/* current, outside or in the parent */
int agent_enter_aid(u64 aid);			/* -ESRCH: there is none that current sees */
int agent_terminate(struct agent *agent, enum agent_state how, int sig);

/* ---- hooks called by patched Linux files; see patches/ ---- */
void agent_cred_copy(struct cred *new);		/* new is a byte copy: take what it now holds */
void agent_cred_transfer(struct cred *new, const struct cred *old);	/* new is blank */
void agent_cred_free(struct cred *cred);
void agent_fork(struct task_struct *child);	/* under tasklist_lock; cannot fail */
void agent_exit(struct task_struct *task, long code);

/* A program was measured and runs: keeps its digest, records EXEC. May sleep. */
void agent_exec_measured(struct agent *agent, const u8 digest[AGENT_DIGEST_SIZE],
			 const struct path *path);

/* ---- what agentfs shows (attest.c, quota.c) ---- */
const u8 *agent_attest_key(void);		/* 32 bytes: the public key of this boot */
void agent_attestation_show(struct seq_file *m, struct agent *agent);
const char *agent_quota_name(u32 kind);		/* "inference_tokens"; NULL */
bool agent_quota_enforced(u32 kind);
void agent_quota_show(struct seq_file *m, struct agent *agent, u32 kind);

/* ---- memory tiers (tier_nodes.c) ---- */
bool agent_tier_there(u32 tier);
void agent_limit_nodes(nodemask_t *nodes);	/* what current may name by itself */

/* ---- directory descriptors; fs/agentfs registers itself (dirfd.c) ---- */
struct agent_fs_ops {
	int (*open_dir)(struct agent *agent);		/* a new descriptor, or -errno */
	struct agent *(*from_fd)(int fd);		/* referenced, or ERR_PTR */
};

void agent_set_fs_ops(const struct agent_fs_ops *ops);

/* ---- what is open already; the LSM registers itself (open.c) ---- */
struct agent_open_ops {
	void (*revoked)(struct agent *root);		/* somebody in its subtree lost some */
	void (*forked)(struct task_struct *child);	/* of an agent; tasklist_lock */
};

void agent_set_open_ops(const struct agent_open_ops *ops);

/* ---- the authorizer keyring (authorizer.c) ---- */
int authorizer_add(const u8 key[32], const char *label);	/* -EPERM once sealed */
void authorizer_seal(void);
bool authorizer_known(const u8 key[32]);
int authorizer_show(struct seq_file *m);	/* "sealed|open", then a key and label a line */

/* ---- decisions about current (decide.c); what security/coconut calls ---- */
/* Who is at the other end, or which address is bound. */
struct agent_net_peer {
	u8 proto;		/* enum agent_net_proto */
	u8 family;		/* AF_INET, AF_INET6, AF_UNIX */
	u16 port;
	u8 addr[16];
	const char *name;	/* AF_UNIX abstract, without the leading NUL */
	u16 name_len;
};

/**
 * struct agent_request - one operation to decide
 * @rights: all of these are needed; none is denied
 * @path: fs, exec: what it is done to
 * @digest: exec: BLAKE3 of the program, or NULL
 * @net: net: protocol, address in network order, port in host order
 * @target: agent: whom; NULL with spawn, or for what is outside every agent
 * @bytes: mem: how much
 * @object: text for the record where none of the above says it
 * @cmd: dev: the ioctl; @object has the class of device
 * @class: enum agent_class
 * @tier: mem: enum agent_tier
 * @atomic: the caller may not sleep
 * @approved: somebody has allowed this one use; agent_decide() sets it
 */
struct agent_request {
	u64 rights;
	const struct path *path;
	const u8 *digest;
	const struct agent_net_peer *net;
	const struct agent *target;
	u64 bytes;
	const char *object;
	u32 cmd;
	u8 class;
	u8 tier;
	bool atomic;
	bool approved;
};

/*
 * Decides and records. 0 or -EACCES (fs, exec, net, dev) / -EPERM (the rest).
 * The one place where a denial is made: no other function of the LSM returns
 * an error to an agent. *granted, where wanted, gets all rights that the agent
 * has on a path, for caching in an open file.
 */
int agent_decide(struct agent *agent, const struct agent_request *req, u64 *granted);
bool agent_lacks_approval(struct agent *agent, const struct agent_request *req);

#else /* CONFIG_COCONUT */

struct agent;
static inline struct agent *agent_current(void) { return NULL; }
static inline void agent_cred_copy(struct cred *new) {}
static inline void agent_cred_transfer(struct cred *new, const struct cred *old) {}
static inline void agent_cred_free(struct cred *cred) {}
static inline void agent_fork(struct task_struct *child) {}
static inline void agent_exit(struct task_struct *task, long code) {}
static inline void agent_limit_nodes(nodemask_t *nodes) {}

#endif /* CONFIG_COCONUT */

#endif /* _LINUX_AGENT_H */
