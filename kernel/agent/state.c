// SPDX-License-Identifier: GPL-2.0
/*
 * The state machine: one table of edges, each with its guard. Every transition
 * is one record in the chain.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/timekeeping.h>

#include "quota.h"
#include "state.h"

typedef bool (*state_guard)(const struct agent *agent);

static bool always(const struct agent *agent)
{
	return true;
}

static bool attested(const struct agent *agent)
{
	return agent->manifest;
}

static bool has_task(const struct agent *agent)
{
	return atomic_read(&agent->nr_tasks) > 0;
}

static bool no_task(const struct agent *agent)
{
	return atomic_read(&agent->nr_tasks) == 0;
}

static bool has_tokens(const struct agent *agent)
{
	return agent_quota_room(agent, AGENT_QUOTA_INFERENCE_TOKENS) > 0;
}

#define SPAWNING	AGENT_STATE_SPAWNING
#define ATTESTED	AGENT_STATE_ATTESTED
#define ACTIVE		AGENT_STATE_ACTIVE
#define BLOCKED		AGENT_STATE_INFERENCE_BLOCKED
#define DENIED		AGENT_STATE_CAP_DENIED
#define QUARANTINED	AGENT_STATE_QUARANTINED
#define CLEAN		AGENT_STATE_TERMINATED_CLEAN
#define REVOKED		AGENT_STATE_TERMINATED_REVOKED

/*
 * A quarantined agent whose tasks die does not end cleanly: nobody has judged it.
 * Nothing leads out of the terminal states, and nothing back to Spawning.
 */
static const state_guard state_edges[AGENT_NR_STATES][AGENT_NR_STATES] = {
	[SPAWNING] = {
		[ATTESTED] = attested,
	},
	[ATTESTED] = {
		[ACTIVE] = has_task, [QUARANTINED] = always, [REVOKED] = always,
	},
	[ACTIVE] = {
		[BLOCKED] = always, [DENIED] = always, [QUARANTINED] = always,
		[CLEAN] = no_task, [REVOKED] = always,
	},
	[BLOCKED] = {
		[ACTIVE] = has_tokens, [DENIED] = always, [QUARANTINED] = always,
		[CLEAN] = no_task, [REVOKED] = always,
	},
	[DENIED] = {
		[ACTIVE] = always, [QUARANTINED] = always,
		[CLEAN] = no_task, [REVOKED] = always,
	},
	[QUARANTINED] = {
		[ACTIVE] = has_task, [ATTESTED] = no_task, [REVOKED] = always,
	},
};

static const struct {
	const char *name;	/* for people */
	const char *status;	/* /agent/live/<aid>/status */
	const char *record;	/* objects of STATE records */
} state_names[AGENT_NR_STATES] = {
	[SPAWNING]	= { "Spawning", "SPAWNING", "SPAWNING" },
	[ATTESTED]	= { "Attested", "READY", "ATTESTED" },
	[ACTIVE]	= { "Active", "ACTIVE", "ACTIVE" },
	[BLOCKED]	= { "Inference-blocked", "INF_BLOCKED", "INFERENCE_BLOCKED" },
	[DENIED]	= { "Cap-denied", "CAP_DENIED", "CAP_DENIED" },
	[QUARANTINED]	= { "Quarantined", "QUARANTINED", "QUARANTINED" },
	[CLEAN]		= { "Terminated-clean", "TERMINATED_CLEAN", "TERMINATED_CLEAN" },
	[REVOKED]	= { "Terminated-revoked", "TERMINATED_REVOKED",
			    "TERMINATED_REVOKED" },
};

/**
 * agent_state_name() - a state as people say it
 * @state: the state
 *
 * Return: text that stays.
 */
const char *agent_state_name(enum agent_state state)
{
	return state_names[state].name;
}

/**
 * agent_state_status() - the word for a state in a status file
 * @state: the state
 *
 * Return: text that stays.
 */
const char *agent_state_status(enum agent_state state)
{
	return state_names[state].status;
}

/**
 * agent_state_edge() - is there an edge between two states?
 * @from: the one
 * @to: the other
 *
 * Return: true if there is, whatever its guard would say.
 */
bool agent_state_edge(enum agent_state from, enum agent_state to)
{
	return state_edges[from][to];
}

static void state_record(const struct agent *agent, enum agent_state from,
			 enum agent_state to, const char *why)
{
	char object[80];
	struct audit_entry entry = {
		.aid		= agent->aid,
		.event		= AGENT_EVENT_STATE,
		.class		= AGENT_CLASS_LIFE,
		.decision	= AGENT_DECISION_NONE,
		.object		= object,
		.urgent		= to == AGENT_STATE_QUARANTINED ||
				  to == AGENT_STATE_TERMINATED_REVOKED,
	};

	entry.object_len = scnprintf(object, sizeof(object), "%s>%s%s%s",
				     state_names[from].record, state_names[to].record,
				     why ? " " : "", why ?: "");
	audit_chain_append(&entry);
}

/**
 * agent_transition_locked() - take an edge of the state machine
 * @agent: the agent
 * @to: where to
 * @why: for the record, or NULL
 *
 * Context: agent->lock is held.
 * Return: 0; -EALREADY if it is there already, -EINVAL without such an edge,
 * -EBUSY if the edge's guard says no.
 */
int agent_transition_locked(struct agent *agent, enum agent_state to, const char *why)
{
	enum agent_state from = agent->state;

	lockdep_assert_held(&agent->lock);
	if (from == to)
		return -EALREADY;
	if (!agent_state_edge(from, to))
		return -EINVAL;
	if (!state_edges[from][to](agent))
		return -EBUSY;
	WRITE_ONCE(agent->state, to);
	if (agent_is_terminal(agent))
		agent->ended_ns = ktime_get_ns();
	state_record(agent, from, to, why);
	wake_up_all(&agent->wait);
	return 0;
}

/**
 * agent_transition() - take an edge that does not end the agent
 * @agent: the agent
 * @to: where to; not a terminal state, for which there is agent_terminate()
 * @why: for the record, or NULL
 *
 * Context: any.
 * Return: as agent_transition_locked().
 */
int agent_transition(struct agent *agent, enum agent_state to, const char *why)
{
	unsigned long flags;
	int err;

	if (to >= AGENT_STATE_TERMINATED_CLEAN)
		return -EINVAL;
	spin_lock_irqsave(&agent->lock, flags);
	err = agent_transition_locked(agent, to, why);
	spin_unlock_irqrestore(&agent->lock, flags);
	return err;
}
