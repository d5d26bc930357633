/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What agents send and receive, counted: for the security module, whose hooks see it.
 */
#ifndef _LINUX_AGENT_NET_H
#define _LINUX_AGENT_NET_H

#include <linux/types.h>

struct agent;

int agent_net_send(struct agent *agent, u64 bytes);	/* waits; 0, -EDQUOT, -ERESTARTSYS */
int agent_net_wait(struct agent *agent);		/* before it receives; 0, -ERESTARTSYS */
int agent_net_arrived(struct agent *agent, u32 bytes);	/* softirq; -EDQUOT: drop it */

#endif /* _LINUX_AGENT_NET_H */
