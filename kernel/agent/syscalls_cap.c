// SPDX-License-Identifier: GPL-2.0
/*
 * The calls about capabilities and about the chain: grant, revoke, present, query.
 * What is common to all eight stands in syscalls.c.
 */

#include <linux/agent.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/syscalls.h>

#include "args.h"
#include "cap.h"
#include "cbor.h"
#include "grant.h"
#include "present.h"
#include "query.h"

/* Padding would carry kernel memory out, and change with the compiler. */
static_assert(sizeof(struct agent_cap_grant_args) == 56);
static_assert(sizeof(struct agent_cap_revoke_args) == 40);
static_assert(sizeof(struct agent_cap_present_args) == 56);
static_assert(sizeof(struct agent_audit_query_args) == 96);

/* One capability and nothing after it; or ERR_PTR. */
static struct cap *cap_from_user(u64 ptr, u32 len)
{
	struct cbor_reader reader;
	struct cap *cap;
	void *copy;

	if (len > AGENT_CAP_MAX)
		return ERR_PTR(-E2BIG);
	copy = memdup_user(u64_to_user_ptr(ptr), len);
	if (IS_ERR(copy))
		return ERR_CAST(copy);
	cbor_reader_init(&reader, copy, len);
	cap = cap_decode(&reader);
	if (!IS_ERR(cap) && !cbor_done(&reader)) {
		cap_put(cap);
		cap = ERR_PTR(-EBADMSG);
	}
	kfree(copy);
	return cap;
}

/**
 * sys_agent_cap_grant() - give an agent one more capability
 * @uargs: AID and capability in; the capability's id out
 * @size: bytes of @uargs
 *
 * Beyond what is common to all calls:
 *
 * - %EPERM: the caller does not stand above the agent, or no capability of the caller
 *   covers this one with depth left, or the agent's manifest does not allow it.
 * - %EBADMSG: cap is not deterministic CBOR.
 * - %EINVAL: a value in cap is outside what it may be.
 * - %ENOENT: parent is no capability of the caller.
 * - %ENOENT, %ENOTDIR, %EACCES, %ELOOP: cap names a path that cannot be resolved.
 * - %E2BIG: cap_len is larger than AGENT_CAP_MAX, or the agent has AGENT_CAPS_MAX.
 *
 * Return: 0 or a negative errno.
 */
SYSCALL_DEFINE2(agent_cap_grant, struct agent_cap_grant_args __user *, uargs, size_t, size)
{
	struct agent_cap_grant_args args;
	struct agent *agent;
	struct cap *cap;
	u64 withdrawn;
	int err;

	err = agent_args_get(&args, sizeof(args), uargs, size, AGENT_BY_FD);
	if (err)
		return err;
	if (args.reserved)
		return -EINVAL;
	agent = agent_args_agent(args.aid, args.flags);
	if (IS_ERR(agent))
		return PTR_ERR(agent);
	cap = cap_from_user(args.cap, args.cap_len);
	err = PTR_ERR_OR_ZERO(cap);
	if (err) {
		agent_grant_failed(agent, err);
		goto put_agent;
	}
	err = agent_grant(agent, cap, args.parent, &args.id);
	cap_put(cap);
	if (!err) {
		err = agent_args_put(uargs, &args, sizeof(args), size);
		/* Nobody would know its id. */
		if (err)
			agent_revoke(agent, args.id, 0, &withdrawn);
	}
put_agent:
	agent_put(agent);
	return err;
}

/**
 * sys_agent_cap_revoke() - withdraw a capability, and all that derives from it
 * @uargs: AID and id in; how many were withdrawn out
 * @size: bytes of @uargs
 *
 * Beyond what is common to all calls:
 *
 * - %EPERM: the caller does not stand above the agent.
 * - %EINVAL: AGENT_REVOKE_ALL or AGENT_REVOKE_TERMINATE with an id.
 * - %ENOENT: the agent has no such capability.
 *
 * On %ENOMEM nothing was withdrawn. On %EFAULT all of it was: only the count is lost.
 *
 * Return: 0 or a negative errno.
 */
SYSCALL_DEFINE2(agent_cap_revoke, struct agent_cap_revoke_args __user *, uargs, size_t, size)
{
	struct agent_cap_revoke_args args;
	struct agent *agent;
	int err;

	err = agent_args_get(&args, sizeof(args), uargs, size,
			     AGENT_REVOKE_ALL | AGENT_REVOKE_TERMINATE | AGENT_BY_FD);
	if (err)
		return err;
	if (args.id && (args.flags & (AGENT_REVOKE_ALL | AGENT_REVOKE_TERMINATE)))
		return -EINVAL;
	agent = agent_args_agent(args.aid, args.flags);
	if (IS_ERR(agent))
		return PTR_ERR(agent);
	err = agent_revoke(agent, args.id, args.flags, &args.withdrawn);
	agent_put(agent);
	return err ?: agent_args_put(uargs, &args, sizeof(args), size);
}

/**
 * sys_agent_cap_present() - ask whether an agent's capabilities cover a request
 * @uargs: AID and request in; the capability that allows it and the record's number out
 * @size: bytes of @uargs
 *
 * Takes one use of the capability. Beyond what is common to all calls:
 *
 * - %EACCES: denied, a request of class fs, exec, net or dev.
 * - %EPERM: denied, a request of any other class.
 * - %EBADMSG: cap is not deterministic CBOR.
 * - %EINVAL: a value in cap is outside what it may be.
 * - %ENOENT, %ENOTDIR, %EACCES, %ELOOP: cap names a path that cannot be resolved.
 * - %E2BIG: cap_len is larger than AGENT_CAP_MAX.
 *
 * Return: 0 or a negative errno.
 */
SYSCALL_DEFINE2(agent_cap_present, struct agent_cap_present_args __user *, uargs, size_t, size)
{
	struct agent_cap_present_args args;
	struct agent *agent;
	struct cap *cap;
	int err;

	err = agent_args_get(&args, sizeof(args), uargs, size, AGENT_BY_FD);
	if (err)
		return err;
	if (args.reserved)
		return -EINVAL;
	agent = agent_args_agent(args.aid, args.flags);
	if (IS_ERR(agent))
		return PTR_ERR(agent);
	cap = cap_from_user(args.cap, args.cap_len);
	err = PTR_ERR_OR_ZERO(cap);
	if (!err) {
		args.seq = 0;
		err = agent_present(agent, cap, &args.id, &args.seq);
		cap_put(cap);
		/* Who was denied wants to name the record. */
		if (args.seq && agent_args_put(uargs, &args, sizeof(args), size))
			err = -EFAULT;
	}
	agent_put(agent);
	return err;
}

static int query_user(struct agent_audit_query_args *args)
{
	struct agent *agent = NULL;
	int err;

	if (args->flags & AGENT_AUDIT_SEED)
		return agent_query_seed(args);
	if (args->aid || (args->flags & AGENT_BY_FD)) {
		agent = agent_args_agent(args->aid, args->flags);
		if (IS_ERR(agent))
			return PTR_ERR(agent);
	}
	err = agent_query(args, agent);
	agent_put(agent);
	return err;
}

/**
 * sys_agent_audit_query() - read the records that the caller may see
 * @uargs: filter and buffer in; how much was read and where to go on out
 * @size: bytes of @uargs
 *
 * An agent sees what it and its descendants did; more with the right observe. At most
 * 64 KiB come at once. Beyond what is common to all calls:
 *
 * - %EPERM: outside every agent without CAP_AUDIT_READ or CAP_SYS_ADMIN; the seed inside
 *   an agent or without CAP_SYS_ADMIN.
 * - %EINVAL: first_seq is larger than last_seq.
 * - %EMSGSIZE: the first record that matches does not fit; or buf_len is less than 32
 *   with AGENT_AUDIT_SEED.
 * - %EALREADY: the seed was read before.
 * - %EINTR: the caller is being killed.
 *
 * Return: 0 or a negative errno.
 */
SYSCALL_DEFINE2(agent_audit_query, struct agent_audit_query_args __user *, uargs, size_t, size)
{
	struct agent_audit_query_args args;
	int err;

	err = agent_args_get(&args, sizeof(args), uargs, size, AGENT_AUDIT_SEED | AGENT_BY_FD);
	if (err)
		return err;
	err = query_user(&args);
	return err ?: agent_args_put(uargs, &args, sizeof(args), size);
}
