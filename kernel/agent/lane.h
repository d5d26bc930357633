/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lanes: which agents give way to which.
 */
#ifndef _AGENT_LANE_H
#define _AGENT_LANE_H

#include <linux/types.h>

int sched_register_aid(u64 aid, u8 lane);
void agent_lane_enter(u8 lane);		/* current gets what the lane says */

#endif /* _AGENT_LANE_H */
