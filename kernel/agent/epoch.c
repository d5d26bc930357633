// SPDX-License-Identifier: GPL-2.0
/*
 * Epochs: how long what was decided about an agent may be remembered.
 *
 * People see how often an agent's has moved. What is remembered is compared by its
 * stamp, which is of one agent and one epoch: a single word says both.
 */

#include <linux/agent.h>
#include <linux/atomic.h>

#include "epoch.h"

static atomic64_t last_stamp;

/**
 * agent_epoch_stamp() - give an agent a stamp that nobody has or ever had
 * @agent: the agent
 *
 * Context: any.
 */
void agent_epoch_stamp(struct agent *agent)
{
	atomic64_xchg(&agent->stamp, atomic64_add_return(AGENT_STAMP_STEP, &last_stamp));
}

/**
 * agent_epoch_move() - nothing that was decided about an agent holds any longer
 * @agent: the agent
 *
 * What has been changed of it before is seen by whoever sees its new epoch.
 *
 * Context: any.
 */
void agent_epoch_move(struct agent *agent)
{
	agent_epoch_stamp(agent);	/* a full barrier, and before and after it */
	atomic_inc_return(&agent->epoch);
}
