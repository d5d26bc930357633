// SPDX-License-Identifier: GPL-2.0
/*
 * Lanes: what an agent gets of its tenant's share, and how soon.
 *
 * How much is the weight of its group. How soon is the slice of its tasks: of what may run
 * the scheduler takes first what asks for less at a time, so that an agent that waits for
 * its tokens runs at once when they arrive, and gets no more for it in the end.
 */

#include <linux/agent.h>
#include <linux/kernel.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/time64.h>
#include <uapi/linux/sched/types.h>

#include "group.h"
#include "groupfs.h"
#include "lane.h"

#define LANE_WEIGHT_OF_NEW_GROUPS	100

static const struct {
	u32 weight;		/* cpu.weight */
	u32 slice_ns;		/* 0: the scheduler's own */
} lanes[] = {
	[AGENT_LANE_BACKGROUND]		= { 10, 12 * NSEC_PER_MSEC },
	[AGENT_LANE_NORMAL]		= { LANE_WEIGHT_OF_NEW_GROUPS, 0 },
	[AGENT_LANE_INTERACTIVE]	= { 300, NSEC_PER_MSEC / 2 },
};

/**
 * agent_lane_weight() - what a lane is worth against others
 * @lane: enum agent_lane
 *
 * Return: as cpu.weight has it.
 */
u32 agent_lane_weight(u8 lane)
{
	return lanes[lane].weight;
}

/**
 * sched_register_aid() - give a new agent its lane
 * @agent: not yet published
 *
 * Context: may sleep.
 * Return: 0; -EINVAL without such a lane; what agent_group_make() answers.
 */
int sched_register_aid(struct agent *agent)
{
	if (agent->lane >= ARRAY_SIZE(lanes))
		return -EINVAL;
	return agent_group_make(agent);
}

/**
 * agent_lane_weigh() - give a new group the weight of a lane
 * @group: the group
 * @lane: enum agent_lane
 *
 * Context: may sleep.
 * Return: 0, or what the controller answers.
 */
int agent_lane_weigh(struct cgroup *group, u8 lane)
{
	char text[16];

	if (lanes[lane].weight == LANE_WEIGHT_OF_NEW_GROUPS)
		return 0;
	snprintf(text, sizeof(text), "%u", lanes[lane].weight);
	return groupfs_write(group, "cpu.weight", text);
}

/**
 * agent_lane_enter() - current is in a lane from now on
 * @lane: enum agent_lane
 *
 * Weights hold among fair tasks only. One of another class becomes fair, and stays it: the
 * limit by which it could go back goes too, and an agent cannot raise that.
 *
 * Context: process; current is the only thread of its process.
 */
void agent_lane_enter(u8 lane)
{
	const struct sched_attr attr = {
		.size		= sizeof(attr),
		.sched_policy	= SCHED_NORMAL,
		.sched_nice	= task_nice(current),
		.sched_runtime	= lanes[lane].slice_ns,
	};
	struct rlimit *realtime = &current->signal->rlim[RLIMIT_RTPRIO];

	task_lock(current->group_leader);
	realtime->rlim_cur = 0;
	realtime->rlim_max = 0;
	task_unlock(current->group_leader);
	WARN_ON_ONCE(sched_setattr_nocheck(current, &attr));
}
