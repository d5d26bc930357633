// SPDX-License-Identifier: GPL-2.0
/*
 * Which nodes of the machine a tier of memory is.
 *
 * HBM is none of them yet: which nodes are faster than plain memory mm/memory-tiers tells
 * sysfs alone. RAM is all memory.
 */

#include <linux/agent.h>
#include <linux/nodemask.h>

#include "spill.h"
#include "tier_nodes.h"

/**
 * tier_nodes() - the nodes of a tier
 * @tier: AGENT_TIER_HBM or AGENT_TIER_RAM; the SSD tier is no memory
 * @nodes: where to
 *
 * Context: any; takes no lock.
 */
void tier_nodes(u8 tier, nodemask_t *nodes)
{
	if (tier == AGENT_TIER_RAM)
		*nodes = node_states[N_MEMORY];
	else
		nodes_clear(*nodes);
}

/**
 * agent_tier_there() - has this machine a tier?
 * @tier: enum agent_tier
 *
 * Context: any.
 * Return: true if memory can be mapped in it.
 */
bool agent_tier_there(u32 tier)
{
	nodemask_t nodes;

	if (tier == AGENT_TIER_SSD)
		return spill_there();
	tier_nodes(tier, &nodes);
	return !nodes_empty(nodes);
}
