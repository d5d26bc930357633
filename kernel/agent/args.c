// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments of the eight calls: extensible structures, all hostile.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/uaccess.h>

#include "args.h"
#include "dirfd.h"

/* A newer libc may try whatever mainline puts at these numbers: it must see ENOSYS. */
static int args_magic(const void __user *uargs)
{
	u64 magic;

	return get_user(magic, (const u64 __user *)uargs) || magic != AGENT_MAGIC ? -ENOSYS : 0;
}

/**
 * agent_args_grown() - copy in a structure that has grown
 * @args: where to; what user space did not send is zero
 * @known: its size
 * @first: that of its first version
 * @uargs: where from
 * @size: as user space knows it
 * @flags: the flags that this call knows
 *
 * Also where a caller waits that has filled its share of the audit ring.
 *
 * Context: may sleep.
 * Return: 0, -ENOSYS, -EINVAL, -E2BIG or -EFAULT.
 */
int agent_args_grown(void *args, size_t known, size_t first, const void __user *uargs,
		     size_t size, u64 flags)
{
	const struct agent_args_head *head = args;
	int err = args_magic(uargs);

	if (err)
		return err;
	if (size < first)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(args, known, uargs, size);
	if (err)
		return err;
	if (head->flags & ~flags)
		return -EINVAL;
	audit_chain_throttle(agent_aid(agent_current()));
	return 0;
}

/**
 * agent_args_get() - copy a structure in
 * @args: where to
 * @known: its size, which is that of the first version
 * @uargs: where from
 * @size: as user space knows it
 * @flags: the flags that this call knows
 *
 * Context: may sleep.
 * Return: as agent_args_grown().
 */
int agent_args_get(void *args, size_t known, const void __user *uargs, size_t size, u64 flags)
{
	return agent_args_grown(args, known, known, uargs, size, flags);
}

/**
 * agent_args_put() - copy a structure with its results back
 * @uargs: where to
 * @args: where from
 * @known: its size
 * @size: as user space knows it
 *
 * Context: may sleep.
 * Return: 0 or -EFAULT.
 */
int agent_args_put(void __user *uargs, const void *args, size_t known, size_t size)
{
	return copy_to_user(uargs, args, min(known, size)) ? -EFAULT : 0;
}

/**
 * agent_args_agent() - find the agent that a call names
 * @aid: an AID; 0: the caller's own; with AGENT_BY_FD a descriptor
 * @flags: the call's
 *
 * That an agent may not be seen reads as that there is none: else AIDs could be
 * probed for.
 *
 * Context: may sleep.
 * Return: the agent with a reference, an ended one included; ERR_PTR(-ESRCH) or
 * ERR_PTR(-EBADF).
 */
struct agent *agent_args_agent(u64 aid, u64 flags)
{
	struct agent *agent;

	if (flags & AGENT_BY_FD)
		agent = agent_dirfd_agent(aid);
	else if (aid == AGENT_AID_SELF)
		agent = agent_get(agent_current() ?: &agent_boot);
	else
		agent = agent_lookup(aid) ?: ERR_PTR(-ESRCH);
	if (IS_ERR(agent) || agent_may_observe(agent_current(), agent))
		return agent;
	agent_put(agent);
	return ERR_PTR(-ESRCH);
}
