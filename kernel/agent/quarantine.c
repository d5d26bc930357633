// SPDX-License-Identifier: GPL-2.0
/*
 * Quarantine: an agent and all beneath it stand still, and hold nothing.
 *
 * The state is the one agent's, and its one record; that its descendants are
 * suspended with it is counted in each of them, so that one that was quarantined for
 * itself stays so when its ancestor is released. Each gets a new epoch: what was
 * decided before is not used while it is suspended, nor afterwards.
 */

#include <linux/agent.h>
#include <linux/wait.h>

#include "epoch.h"
#include "freeze.h"
#include "quarantine.h"
#include "state.h"
#include "tree.h"

static void suspend_one(struct agent *agent, bool on)
{
	if (on)
		atomic_inc(&agent->suspended);
	else
		atomic_dec(&agent->suspended);
	/* After the count: whoever sees the new epoch sees the suspension. */
	agent_epoch_move(agent);
	wake_up_all(&agent->wait);
}

/* Brings the subtree in line with the state, whoever has changed that. */
static void quarantine_sync(struct agent *agent)
{
	struct agent *pos = NULL;
	bool on;

	mutex_lock(&agent_tree_lock);
	on = READ_ONCE(agent->state) == AGENT_STATE_QUARANTINED;
	/* One that has ended stands in no tree, and what stood under it has ended too. */
	if (on != agent->suspends && !agent_is_terminal(agent)) {
		agent->suspends = on;
		while ((pos = agent_tree_next(agent, pos)))
			suspend_one(pos, on);
	}
	mutex_unlock(&agent_tree_lock);
	if (on)
		agent_freeze_tasks();
}

/**
 * agent_quarantine_work() - the part of a quarantine that may sleep
 * @work: of an agent, with a reference that goes with it
 */
void agent_quarantine_work(struct work_struct *work)
{
	struct agent *agent = container_of(work, struct agent, quarantine_work);

	quarantine_sync(agent);
	agent_put(agent);
}

/**
 * agent_quarantine() - freeze an agent and all beneath it
 * @agent: the agent; not the boot agent
 * @why: for the record
 *
 * When this returns nothing that it or a descendant holds is decided by any more, and
 * each of their tasks stands still, or will before it executes another instruction of
 * its program.
 *
 * Context: may sleep.
 * Return: 0; -EALREADY if it is quarantined; -EINVAL if it has ended, or is the boot
 * agent.
 */
int agent_quarantine(struct agent *agent, const char *why)
{
	int err;

	if (agent == &agent_boot)
		return -EINVAL;
	err = agent_transition(agent, AGENT_STATE_QUARANTINED, why);
	if (!err)
		quarantine_sync(agent);
	return err;
}

static int release_locked(struct agent *agent)
{
	int err;

	lockdep_assert_held(&agent->lock);
	if (agent->state != AGENT_STATE_QUARANTINED)
		return -EINVAL;
	err = agent_transition_locked(agent, AGENT_STATE_ACTIVE, "released");
	if (err == -EBUSY)
		err = agent_transition_locked(agent, AGENT_STATE_ATTESTED, "released");
	agent->strikes = 0;
	agent->strike_denials = 0;
	return err;
}

/**
 * agent_release() - let an agent out of quarantine
 * @agent: the agent
 *
 * Its tasks go on where they were, unless an ancestor is quarantined. Its strikes are
 * forgotten: with them the next denial would bring it back.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL if it is not quarantined.
 */
int agent_release(struct agent *agent)
{
	unsigned long flags;
	int err;

	spin_lock_irqsave(&agent->lock, flags);
	err = release_locked(agent);
	spin_unlock_irqrestore(&agent->lock, flags);
	if (!err)
		quarantine_sync(agent);
	return err;
}
