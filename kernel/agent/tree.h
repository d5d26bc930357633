/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who stands under whom, and who has which AID.
 */
#ifndef _AGENT_TREE_H
#define _AGENT_TREE_H

#include <linux/agent.h>
#include <linux/mutex.h>

/* Spawning, granting, revoking and ending are done one at a time. Never in the hot path. */
extern struct mutex agent_tree_lock;

int agent_tree_reserve(u64 *aid);		/* an AID that publishing cannot fail with */
void agent_tree_release(u64 aid);		/* it was not published after all */
void agent_tree_publish(struct agent *agent);	/* agent_tree_lock */
void agent_tree_unlink(struct agent *agent);	/* agent_tree_lock: off its parent's list */
void agent_tree_forget(struct agent *agent);	/* agent_tree_lock: its AID names nobody now */

/* Walks the live subtree of root under agent_tree_lock; pos NULL starts with root. */
struct agent *agent_tree_next(struct agent *root, struct agent *pos);
struct agent *agent_tree_leaf(struct agent *agent);	/* or agent itself */

void agent_tree_init(void);

#endif /* _AGENT_TREE_H */
