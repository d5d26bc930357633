/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks of quarantined agents, standing still.
 */
#ifndef _AGENT_FREEZE_H
#define _AGENT_FREEZE_H

#include <linux/agent.h>

void agent_freeze_tasks(void);		/* each task of each suspended agent parks */
void agent_freeze_child(struct task_struct *child);	/* in fork, before it is on a list */
void agent_freeze_current(void);	/* on its way back to user space */

#endif /* _AGENT_FREEZE_H */
