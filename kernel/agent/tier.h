/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory tiers.
 */
#ifndef _AGENT_TIER_H
#define _AGENT_TIER_H

#include <linux/agent.h>

int agent_tier(struct agent_memory_tier_args *args);

#endif /* _AGENT_TIER_H */
