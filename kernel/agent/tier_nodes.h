/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which nodes of the machine a tier of memory is.
 */
#ifndef _AGENT_TIER_NODES_H
#define _AGENT_TIER_NODES_H

#include <linux/nodemask.h>
#include <linux/types.h>

void tier_nodes(u8 tier, nodemask_t *nodes);	/* empty: the machine has none */

#endif /* _AGENT_TIER_NODES_H */
