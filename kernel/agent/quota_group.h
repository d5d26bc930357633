/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Budgets that cgroup controllers keep.
 */
#ifndef _AGENT_QUOTA_GROUP_H
#define _AGENT_QUOTA_GROUP_H

#include <linux/types.h>

struct agent;

bool quota_group_keeps(u32 kind);
bool quota_group_enforced(u32 kind);
int quota_group_apply(struct agent *agent, u32 kind);		/* its limit, as it is now */
int quota_group_spawned(struct agent *agent);			/* all that it has limits for */
void quota_group_refresh(struct agent *agent, u32 kind);	/* used, high water, stalls */
void quota_group_last(struct agent *agent);			/* before its group goes */

#endif /* _AGENT_QUOTA_GROUP_H */
