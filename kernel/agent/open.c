// SPDX-License-Identifier: GPL-2.0
/*
 * What tasks of agents have open is the security module's business, which stands above
 * this folder: it is told when something has to be looked at anew.
 */

#include <linux/agent.h>

#include "open.h"

static const struct agent_open_ops *agent_open_ops;	/* set once, at boot */

/**
 * agent_set_open_ops() - the security module says what it wants to know
 * @ops: stays for ever
 */
void agent_set_open_ops(const struct agent_open_ops *ops)
{
	/* Pairs with the loads below: whoever sees the pointer sees what it points to. */
	smp_store_release(&agent_open_ops, ops);
}

/**
 * agent_open_revoked() - capabilities were withdrawn
 * @root: above or the same as all who lost some; decisions know of it already
 *
 * Context: may sleep.
 */
void agent_open_revoked(struct agent *root)
{
	const struct agent_open_ops *ops = smp_load_acquire(&agent_open_ops);	/* see above */

	if (ops)
		ops->revoked(root);
}

/**
 * agent_open_forked() - a task of an agent has a child
 * @child: complete, not yet running
 *
 * Context: tasklist_lock is held for writing.
 */
void agent_open_forked(struct task_struct *child)
{
	const struct agent_open_ops *ops = smp_load_acquire(&agent_open_ops);	/* see above */

	if (ops)
		ops->forked(child);
}
