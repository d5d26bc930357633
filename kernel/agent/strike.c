// SPDX-License-Identifier: GPL-2.0
/*
 * What denials do to an agent's state.
 *
 * So many denials as the policy says are a strike, and bring the agent to Cap-denied:
 * somebody should look at it. It runs on with what it holds, and is sent back when that
 * is acknowledged or something is approved; strikes stay. With as many of them as the policy
 * says it is quarantined, at once and wherever the last denial was made.
 */

#include <linux/agent.h>
#include <linux/workqueue.h>

#include "freeze.h"
#include "policy.h"
#include "state.h"
#include "strike.h"

static bool strike_counts(const struct agent *agent)
{
	return agent->state == AGENT_STATE_ACTIVE || agent->state == AGENT_STATE_CAP_DENIED ||
	       agent->state == AGENT_STATE_INFERENCE_BLOCKED;
}

/* True: it was quarantined. What that takes besides the state may sleep, and is owed. */
static bool strike_locked(struct agent *agent, u32 denials, u32 strikes)
{
	lockdep_assert_held(&agent->lock);
	if (!strike_counts(agent) || ++agent->strike_denials < denials)
		return false;
	agent->strike_denials = 0;
	agent->strikes++;
	if (strikes && agent->strikes >= strikes)
		return !agent_transition_locked(agent, AGENT_STATE_QUARANTINED, "strikes");
	if (agent->state != AGENT_STATE_CAP_DENIED)
		agent_transition_locked(agent, AGENT_STATE_CAP_DENIED, "denials");
	return false;
}

static void strike(struct agent *agent, u32 denials)
{
	u32 strikes = agent_policy(AGENT_POLICY_STRIKES);
	unsigned long flags;
	bool quarantined;

	spin_lock_irqsave(&agent->lock, flags);
	quarantined = strike_locked(agent, denials, strikes);
	spin_unlock_irqrestore(&agent->lock, flags);
	if (!quarantined)
		return;
	agent_freeze_current();
	/* One that is queued has yet to look at the state. */
	if (!queue_work(system_unbound_wq, &agent_get(agent)->quarantine_work))
		agent_put(agent);
}

/**
 * agent_denied() - count a denial, and do what the policy says about it
 * @agent: who was denied something
 *
 * Context: any but NMI; not under agent->lock.
 */
void agent_denied(struct agent *agent)
{
	u64 old = READ_ONCE(agent->nr_denials);
	u32 denials = agent_policy(AGENT_POLICY_DENIALS);

	/* Several tasks of one agent may be denied at once; each counts. */
	while (!try_cmpxchg64(&agent->nr_denials, &old, old + 1))
		;
	if (denials)
		strike(agent, denials);
}

static int strike_answered(struct agent *agent, const char *why)
{
	unsigned long flags;
	int err = -EINVAL;

	spin_lock_irqsave(&agent->lock, flags);
	if (agent->state == AGENT_STATE_CAP_DENIED) {
		agent->strike_denials = 0;
		err = agent_transition_locked(agent, AGENT_STATE_ACTIVE, why);
	}
	spin_unlock_irqrestore(&agent->lock, flags);
	return err;
}

/**
 * agent_acknowledge() - somebody has looked at an agent that is Cap-denied
 * @agent: the agent
 *
 * Context: any.
 * Return: 0; -EINVAL if it is not Cap-denied.
 */
int agent_acknowledge(struct agent *agent)
{
	return strike_answered(agent, "acknowledged");
}

/**
 * agent_approved() - somebody has allowed an agent something, so he has looked at it
 * @agent: the agent
 *
 * Context: any.
 */
void agent_approved(struct agent *agent)
{
	strike_answered(agent, "approved");
}
