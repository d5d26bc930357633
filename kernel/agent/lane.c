// SPDX-License-Identifier: GPL-2.0
/*
 * Lanes, as far as a nice value carries them: an agent in the background gives way
 * to the others, an interactive one goes first where its starter could have done so.
 */

#include <linux/agent.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>

#include "lane.h"

static const s8 lane_nice[] = {
	[AGENT_LANE_BACKGROUND]		= 10,
	[AGENT_LANE_NORMAL]		= 0,
	[AGENT_LANE_INTERACTIVE]	= -5,
};

/**
 * sched_register_aid() - give a new agent its lane
 * @aid: the agent, not yet published
 * @lane: enum agent_lane
 *
 * Nothing is set aside for an agent yet: its tasks take the lane as they enter.
 *
 * Context: agent_tree_lock is held.
 * Return: 0, or -EINVAL without such a lane.
 */
int sched_register_aid(u64 aid, u8 lane)
{
	return lane < ARRAY_SIZE(lane_nice) ? 0 : -EINVAL;
}

/**
 * agent_lane_enter() - put current into a lane
 * @lane: enum agent_lane
 *
 * A lane lends no priority that the task could not have taken itself: a manifest
 * is no way around RLIMIT_NICE.
 */
void agent_lane_enter(u8 lane)
{
	int nice = lane_nice[lane];

	if (nice < task_nice(current) && !can_nice(current, nice))
		return;
	set_user_nice(current, nice);
}
