// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of agents' directories: what the calls ask of agentfs, which may not be there.
 */

#include <linux/agent.h>
#include <linux/err.h>
#include <linux/limits.h>

#include "dirfd.h"

static const struct agent_fs_ops *agent_fs;	/* set once, at boot */

/**
 * agent_set_fs_ops() - agentfs says how its directories are reached
 * @ops: stays for ever
 */
void agent_set_fs_ops(const struct agent_fs_ops *ops)
{
	/* Pairs with agent_fs_ops(): whoever sees the pointer sees what it points to. */
	smp_store_release(&agent_fs, ops);
}

/**
 * agent_fs_ops() - the operations of agentfs
 *
 * Return: the operations, or NULL without agentfs.
 */
const struct agent_fs_ops *agent_fs_ops(void)
{
	/* Pairs with agent_set_fs_ops(). */
	return smp_load_acquire(&agent_fs);
}

/**
 * agent_dirfd_open() - open the directory of an agent
 * @agent: a live agent
 *
 * Context: may sleep.
 * Return: a new descriptor of current's; -EOPNOTSUPP without agentfs; -EMFILE, -ENFILE
 * or -ENOMEM.
 */
int agent_dirfd_open(struct agent *agent)
{
	const struct agent_fs_ops *ops = agent_fs_ops();

	return ops ? ops->open_dir(agent) : -EOPNOTSUPP;
}

/**
 * agent_dirfd_agent() - find the agent whose directory a descriptor is
 * @fd: as a call names it
 *
 * Return: the agent with a reference, an ended one included; or ERR_PTR(-EBADF).
 */
struct agent *agent_dirfd_agent(u64 fd)
{
	const struct agent_fs_ops *ops = agent_fs_ops();

	if (!ops || fd > INT_MAX)
		return ERR_PTR(-EBADF);
	return ops->from_fd(fd);
}
