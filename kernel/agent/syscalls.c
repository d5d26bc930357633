// SPDX-License-Identifier: GPL-2.0
/*
 * The calls about an agent's life: spawn, attest, quota, memory tier.
 *
 * Each of the eight takes a structure and its size; common to all of them are
 *
 * - %ENOSYS: the structure does not open with AGENT_MAGIC, or cannot be read;
 * - %EINVAL: it is smaller than its first version, a flag is unknown, or a
 *   reserved field is not zero;
 * - %E2BIG: it is larger than a page, or has a tail that is not zero;
 * - %EFAULT: it, or what it points to, is outside the caller's memory;
 * - %ENOMEM;
 *
 * and to those that name an agent
 *
 * - %ESRCH: there is none, it has ended where a live one is needed, or the caller may
 *   not see it;
 * - %EBADF: with AGENT_BY_FD, no descriptor of an agent's directory.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/file.h>
#include <linux/fdtable.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/time64.h>

#include "args.h"
#include "attest.h"
#include "dirfd.h"
#include "enter.h"
#include "end.h"
#include "grant.h"
#include "quota.h"
#include "spawn.h"
#include "tier.h"

/* What came later is zero in what an older program sends. */
#define TIER_ARGS_FIRST		offsetofend(struct agent_memory_tier_args, achieved)
#define QUOTA_LIFETIME_MAX	(24 * 3600 * NSEC_PER_SEC)

/* Padding would carry kernel memory out, and change with the compiler. */
static_assert(sizeof(struct agent_spawn_args) == 56);
static_assert(sizeof(struct agent_attest_args) == 56);
static_assert(sizeof(struct agent_quota_args) == 88);
static_assert(sizeof(struct agent_memory_tier_args) == 64 && TIER_ARGS_FIRST == 56);

static void record_call(u16 event, const char *object, int err)
{
	struct audit_entry entry = {
		.aid		= agent_aid(agent_current()),
		.event		= event,
		.class		= AGENT_CLASS_LIFE,
		.decision	= err ? AGENT_DECISION_DENIED : AGENT_DECISION_ALLOWED,
		.result		= err,
		.object		= object,
		.object_len	= strlen(object),
	};

	audit_chain_append(&entry);
}

/* What would fail afterwards, asked before anything is made. */
static int spawn_may_enter(const struct agent_spawn_args *args)
{
	struct agent *from = agent_current();

	if (!(args->flags & AGENT_SPAWN_ENTER))
		return 0;
	if (from && atomic_read(&from->nr_tasks) == 1)
		return -EBUSY;
	return agent_enter_alone();
}

static int spawn_copy(struct agent_spawn *spawn, const struct agent_spawn_args *args)
{
	void *copy;

	if (args->manifest_len > AGENT_MANIFEST_MAX || args->cap_set_len > AGENT_MANIFEST_MAX)
		return -E2BIG;
	if (!args->cap_set && args->cap_set_len)
		return -EINVAL;
	copy = vmemdup_user(u64_to_user_ptr(args->manifest), args->manifest_len);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	spawn->manifest = copy;
	spawn->manifest_len = args->manifest_len;
	if (!args->cap_set)
		return 0;
	copy = vmemdup_user(u64_to_user_ptr(args->cap_set), args->cap_set_len);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	spawn->cap_set = copy;
	spawn->cap_set_len = args->cap_set_len;
	return 0;
}

static struct agent *spawn_agent(const struct agent_spawn_args *args)
{
	struct agent_spawn spawn = {};
	struct agent *agent;
	int err = spawn_may_enter(args);

	if (!err)
		err = spawn_copy(&spawn, args);
	if (err) {
		agent_spawn_failed("", err);
		agent = ERR_PTR(err);
	} else {
		agent = agent_spawn_dispatch(&spawn);
	}
	kvfree(spawn.manifest);
	kvfree(spawn.cap_set);
	return agent;
}

static int spawn_open(struct agent_spawn_args *args, struct agent *agent)
{
	int fd;

	args->fd = -1;
	if (!(args->flags & AGENT_SPAWN_FD))
		return 0;
	fd = agent_dirfd_open(agent);
	if (fd < 0)
		return fd;
	args->fd = fd;
	return 0;
}

/* Entering comes last: there is no way back from it. */
static int spawn_hand_over(struct agent_spawn_args __user *uargs, size_t size,
			   struct agent_spawn_args *args, struct agent *agent)
{
	int err = spawn_open(args, agent);

	args->aid = agent->aid;
	if (!err)
		err = agent_args_put(uargs, args, sizeof(*args), size);
	if (!err && (args->flags & AGENT_SPAWN_ENTER))
		err = agent_enter(agent);
	if (!err)
		return 0;
	agent_spawn_failed(agent->name, err);
	if (args->fd >= 0)
		close_fd(args->fd);
	agent_terminate(agent, AGENT_STATE_TERMINATED_REVOKED, SIGKILL);
	return err;
}

/**
 * sys_agent_spawn() - make an agent of a signed manifest
 * @uargs: flags, manifest and capabilities in; AID and descriptor out
 * @size: bytes of @uargs
 *
 * Beyond what is common to all calls:
 *
 * - %EPERM: the caller may not spawn; none of its capabilities covers one that was asked
 *   for; or a budget is larger than the caller's; or the manifest names another tenant,
 *   a better lane or a lower audit level than the caller's agent has, or says permissive
 *   where that one is not.
 * - %EBADMSG: the manifest is no COSE_Sign1, or it or cap_set is not deterministic CBOR.
 * - %EKEYREJECTED: the manifest's signature is wrong.
 * - %ENOKEY: the manifest's authorizer is not in the keyring.
 * - %EINVAL: a value in the manifest or in cap_set is outside what it may be; a
 *   capability of cap_set is not within the manifest's; or the tenant has the name of a
 *   control file of cgroups.
 * - %ENOENT, %ENOTDIR, %EACCES, %ELOOP: a capability names a path that cannot be resolved.
 * - %E2BIG: manifest or cap_set is larger than AGENT_MANIFEST_MAX, or there are more
 *   capabilities than AGENT_CAPS_MAX.
 * - %EBUSY: AGENT_SPAWN_ENTER by a task that has threads, shares its memory, descriptors
 *   or root, traces another, or is the last one of its agent; or the new agent was
 *   quarantined before it could be entered.
 * - %EDQUOT: the parent has as many children as its capability or its budget allows, or
 *   stands AGENT_DEPTH_MAX deep; or there are as many cgroups as the operator allows.
 * - %ESRCH: the new agent was ended before it could be entered; or the caller's own
 *   agent has ended.
 * - %EMFILE, %ENFILE: AGENT_SPAWN_FD, and there is no descriptor left.
 * - %EOPNOTSUPP: AGENT_SPAWN_FD, and the kernel has no agentfs; or the machine has no
 *   cgroup v2 controller for the lane or for a limit.
 *
 * Every failure after the structure was read is recorded.
 *
 * Return: 0 or a negative errno.
 */
SYSCALL_DEFINE2(agent_spawn, struct agent_spawn_args __user *, uargs, size_t, size)
{
	struct agent_spawn_args args;
	struct agent *agent;
	int err;

	err = agent_args_get(&args, sizeof(args), uargs, size,
			     AGENT_SPAWN_ENTER | AGENT_SPAWN_FD);
	if (err)
		return err;
	if (args.reserved)
		return -EINVAL;
	agent = spawn_agent(&args);
	if (IS_ERR(agent))
		return PTR_ERR(agent);
	err = spawn_hand_over(uargs, size, &args, agent);
	agent_put(agent);
	return err;
}

static int attest_user(struct agent_attest_args __user *uargs, size_t size,
		       struct agent_attest_args *args, struct agent *agent)
{
	u8 nonce[AGENT_NONCE_MAX];
	void *chain;
	ssize_t len;
	int err = 0;

	if (copy_from_user(nonce, u64_to_user_ptr(args->nonce), args->nonce_len))
		return -EFAULT;
	len = agent_attest(agent, nonce, args->nonce_len, &chain);
	if (len < 0)
		return len;
	if (args->buf_len < len)
		err = -EMSGSIZE;
	else if (copy_to_user(u64_to_user_ptr(args->buf), chain, len))
		err = -EFAULT;
	kvfree(chain);
	args->buf_len = len;
	return agent_args_put(uargs, args, sizeof(*args), size) ?: err;
}

/**
 * sys_agent_attest() - get signed evidence of who an agent is
 * @uargs: AID, nonce and buffer in; length out
 * @size: bytes of @uargs
 *
 * An agent that has ended is attested too, as such. Beyond what is common to all calls:
 *
 * - %EINVAL: nonce_len is neither 0 nor between 8 and AGENT_NONCE_MAX.
 * - %EMSGSIZE: the buffer is too small; buf_len says how many bytes are needed.
 *
 * Return: 0 or a negative errno.
 */
SYSCALL_DEFINE2(agent_attest, struct agent_attest_args __user *, uargs, size_t, size)
{
	struct agent_attest_args args;
	struct agent *agent;
	char object[32];
	int err;

	err = agent_args_get(&args, sizeof(args), uargs, size, AGENT_BY_FD);
	if (err)
		return err;
	if (args.reserved || (args.nonce_len && args.nonce_len < 8) ||
	    args.nonce_len > AGENT_NONCE_MAX)
		return -EINVAL;
	agent = agent_args_agent(args.aid, args.flags);
	if (IS_ERR(agent))
		return PTR_ERR(agent);
	err = attest_user(uargs, size, &args, agent);
	scnprintf(object, sizeof(object), "a:%05llu", agent->aid);
	record_call(AGENT_EVENT_ATTEST, object, err);
	agent_put(agent);
	return err;
}

static const char *const quota_ops[] = {
	[AGENT_QUOTA_GET]	= "get",
	[AGENT_QUOTA_SET]	= "set",
	[AGENT_QUOTA_DEBIT]	= "debit",
	[AGENT_QUOTA_RESERVE]	= "reserve",
	[AGENT_QUOTA_SETTLE]	= "settle",
};

static int quota_valid(const struct agent_quota_args *args)
{
	if (args->op >= ARRAY_SIZE(quota_ops) || !agent_quota_name(args->kind))
		return -EINVAL;
	if (args->op > AGENT_QUOTA_SET && !agent_quota_charged(args->kind))
		return -EOPNOTSUPP;
	if (args->op == AGENT_QUOTA_RESERVE &&
	    (!args->lifetime_ns || args->lifetime_ns > QUOTA_LIFETIME_MAX))
		return -EINVAL;
	return 0;
}

static int quota_do(struct agent_quota_args *args, struct agent *agent)
{
	if (args->op != AGENT_QUOTA_GET && agent_is_terminal(agent))
		return -ESRCH;
	switch (args->op) {
	case AGENT_QUOTA_SET:
		return agent_may_rule(agent) ?: agent_quota_set(agent, args->kind, args->amount);
	case AGENT_QUOTA_DEBIT:
		return agent_quota_debit(agent, args->kind, args->amount);
	case AGENT_QUOTA_RESERVE:
		return agent_quota_reserve(agent, args->kind, args->amount, args->lifetime_ns,
					   &args->reservation);
	case AGENT_QUOTA_SETTLE:
		return agent_quota_settle(agent, args->kind, args->reservation, args->amount);
	default:
		return 0;
	}
}

/* A use that was granted is what the level decisions is about. */
static bool quota_recorded(const struct agent_quota_args *args, const struct agent *agent,
			   int err)
{
	if (args->op == AGENT_QUOTA_GET)
		return false;
	return err || args->op == AGENT_QUOTA_SET || agent->audit_level != AGENT_AUDIT_DENIALS;
}

static noinline void quota_record(const struct agent_quota_args *args,
				  const struct agent *agent, int err)
{
	char object[96];

	scnprintf(object, sizeof(object), "a:%05llu %s %s %llu", agent->aid,
		  agent_quota_name(args->kind), quota_ops[args->op], args->amount);
	record_call(AGENT_EVENT_QUOTA, object, err);
}

static void quota_results(struct agent_quota_args *args, struct agent *agent)
{
	struct agent_quota quota;

	agent_quota_get(agent, args->kind, &quota);
	args->limit = quota.limit;
	args->used = quota.used;
	args->reserved = quota.reserved;
	args->high_water = quota.high_water;
}

/**
 * sys_agent_quota() - read, set, use or reserve a budget
 * @uargs: AID, kind, operation and amount in; the budget as it is then out
 * @size: bytes of @uargs
 *
 * Inference tokens are charged to the agent and to each of its ancestors. Beyond what
 * is common to all calls:
 *
 * - %EPERM: AGENT_QUOTA_SET by other than an ancestor, or above the parent's limit.
 * - %EINVAL: kind or op is unknown; a reservation's lifetime is 0 or more than a day; or a
 *   limit that is none of this kind.
 * - %EOPNOTSUPP: callers charge nothing to this kind, the kernel counts it; or the machine
 *   has no controller that keeps it.
 * - %EDQUOT: amount is more than is left, and nothing was charged; on settling, more was used
 *   than reserved and is left, and what fits was charged; or there are 1024 reservations.
 * - %ENOENT: the caller's agent made no such reservation, or it has run out.
 *
 * Return: 0 or a negative errno.
 */
SYSCALL_DEFINE2(agent_quota, struct agent_quota_args __user *, uargs, size_t, size)
{
	struct agent_quota_args args;
	struct agent *agent;
	int err;

	err = agent_args_get(&args, sizeof(args), uargs, size, AGENT_BY_FD);
	if (!err)
		err = quota_valid(&args);
	if (err)
		return err;
	agent = agent_args_agent(args.aid, args.flags);
	if (IS_ERR(agent))
		return PTR_ERR(agent);
	err = quota_do(&args, agent);
	if (quota_recorded(&args, agent, err))
		quota_record(&args, agent, err);
	quota_results(&args, agent);
	agent_put(agent);
	if (!err || err == -EDQUOT)
		err = agent_args_put(uargs, &args, sizeof(args), size) ?: err;
	return err;
}

static const char *const tier_ops[] = {
	[AGENT_TIER_MAP]	= "map",
	[AGENT_TIER_QUERY]	= "query",
	[AGENT_TIER_MOVE]	= "move",
	[AGENT_TIER_PROMOTE]	= "promote",
	[AGENT_TIER_DEMOTE]	= "demote",
	[AGENT_TIER_PIN]	= "pin",
	[AGENT_TIER_UNPIN]	= "unpin",
};

static const char *const tier_names[] = {
	[AGENT_TIER_HBM]	= "hbm",
	[AGENT_TIER_RAM]	= "ram",
	[AGENT_TIER_SSD]	= "ssd",
};

static void tier_record(const struct agent_memory_tier_args *args, int err)
{
	char object[48];

	scnprintf(object, sizeof(object), "%s %s %llu", tier_names[args->tier],
		  tier_ops[args->op], args->length);
	record_call(AGENT_EVENT_TIER, object, err);
}

/**
 * sys_agent_memory_tier() - map memory in a tier, move it there, or ask where it is
 * @uargs: AID, tier, operation and range in; address and what was achieved out
 * @size: bytes of @uargs
 *
 * Beyond what is common to all calls:
 *
 * - %EPERM: the agent is not the caller's own; or none of its capabilities covers so much
 *   of the tier.
 * - %EINVAL: tier or op is unknown, or they do not go together; address or length is no
 *   multiple of the page size, or length is 0; the range ends beyond user space; or
 *   AGENT_TIER_EVENT with an op that moves nothing, or with what is no eventfd.
 * - %EBADF: event_fd is no descriptor.
 * - %EFAULT: a part of the range was not mapped by this call, by the caller's agent.
 * - %ENODEV: the machine has no such tier.
 * - %ENOSPC: it has not as many free pages, and nothing was moved.
 * - %EDQUOT: a budget has not as much left, and nothing was moved.
 * - %EOPNOTSUPP: the memory has no place on the spill volume; or what holds that cannot
 *   set space aside.
 * - %EBUSY: the mapping is pinned; or AGENT_TIER_EVENT, and an earlier move is under way.
 * - %EIO: the spill volume failed.
 * - %EINTR: the caller is being killed.
 *
 * Return: 0 or a negative errno.
 */
SYSCALL_DEFINE2(agent_memory_tier, struct agent_memory_tier_args __user *, uargs, size_t, size)
{
	struct agent_memory_tier_args args;
	struct agent *agent;
	bool own;
	int err;

	err = agent_args_grown(&args, sizeof(args), TIER_ARGS_FIRST, uargs, size,
			       AGENT_BY_FD | AGENT_TIER_EVENT);
	if (err)
		return err;
	if (args.reserved)
		return -EINVAL;
	/* Before anything is refused: a refusal is recorded by these names. */
	if (args.op >= ARRAY_SIZE(tier_ops) || args.tier >= ARRAY_SIZE(tier_names))
		return -EINVAL;
	agent = agent_args_agent(args.aid, args.flags);
	if (IS_ERR(agent))
		return PTR_ERR(agent);
	own = agent == (agent_current() ?: &agent_boot);
	agent_put(agent);
	err = own ? agent_tier(&args) : -EPERM;
	tier_record(&args, err);
	if (err)
		return err;
	err = agent_args_put(uargs, &args, sizeof(args), size);
	if (err && args.op == AGENT_TIER_MAP)
		vm_munmap(args.address, args.length);	/* nobody knows where it is */
	return err;
}
