/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lanes: which agents give way to which.
 */
#ifndef _AGENT_LANE_H
#define _AGENT_LANE_H

#include <linux/types.h>

struct agent;
struct cgroup;

int sched_register_aid(struct agent *agent);
u32 agent_lane_weight(u8 lane);
int agent_lane_weigh(struct cgroup *group, u8 lane);
void agent_lane_enter(u8 lane);		/* current gets what the lane says */

#endif /* _AGENT_LANE_H */
