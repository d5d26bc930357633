// SPDX-License-Identifier: GPL-2.0
/*
 * Which nodes of the machine a tier of memory is.
 *
 * HBM is what mm/memory-tiers has at its top, as long as that is faster than the memory
 * that every machine has: where nothing is, there is no HBM. Nodes with CPUs are plain memory,
 * though the firmware may say that one of them is a little faster than the next. RAM is all
 * other memory.
 */

#include <linux/agent.h>
#include <linux/memory-tiers.h>
#include <linux/nodemask.h>

#include "spill.h"
#include "tier_nodes.h"

/* The tier next above that of plain memory starts here, and any faster one before it. */
#define FASTER_THAN_DRAM \
	(round_down(MEMTIER_ADISTANCE_DRAM, MEMTIER_CHUNK_SIZE) - MEMTIER_CHUNK_SIZE)

static void hbm_nodes(nodemask_t *nodes)
{
	int best = FASTER_THAN_DRAM;
	int node, start;

	nodes_clear(*nodes);
	for_each_node_state(node, N_MEMORY) {
		start = node_memory_tier_start(node);
		if (start > best || node_state(node, N_CPU))
			continue;
		if (start < best)
			nodes_clear(*nodes);
		best = start;
		node_set(node, *nodes);
	}
}

/**
 * tier_nodes() - the nodes of a tier
 * @tier: AGENT_TIER_HBM or AGENT_TIER_RAM; the SSD tier is no memory
 * @nodes: where to
 *
 * Context: any; takes no lock.
 */
void tier_nodes(u8 tier, nodemask_t *nodes)
{
	nodemask_t hbm;

	hbm_nodes(&hbm);
	if (tier == AGENT_TIER_HBM)
		*nodes = hbm;
	else if (tier == AGENT_TIER_RAM)
		nodes_andnot(*nodes, node_states[N_MEMORY], hbm);
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

/**
 * agent_limit_nodes() - take from current the nodes that it has to ask for
 * @nodes: what current may have by all other rules; narrowed
 *
 * The HBM tier is given out by agent_memory_tier(), which accounts it. To an agent that
 * names nodes by itself, in a memory policy or to move pages, it is as if not there.
 *
 * Context: any; takes no lock.
 */
void agent_limit_nodes(nodemask_t *nodes)
{
	nodemask_t hbm;

	if (!agent_current())
		return;
	hbm_nodes(&hbm);
	nodes_andnot(*nodes, *nodes, hbm);
}
