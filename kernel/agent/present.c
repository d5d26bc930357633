// SPDX-License-Identifier: GPL-2.0
/*
 * Presenting: a broker asks whether a request lies within an agent's capabilities.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/security.h>

#include "cap.h"
#include "manifest.h"
#include "present.h"

static u64 present_record(const struct agent *agent, const struct cap *request, u64 id, int err)
{
	struct audit_entry entry = {
		.aid		= agent->aid,
		.event		= AGENT_EVENT_PRESENT,
		.class		= request->class,
		.decision	= err ? AGENT_DECISION_DENIED : AGENT_DECISION_ALLOWED,
		.capability	= id,
		.result		= err,
		.object		= request->text,
		.object_len	= min_t(size_t, strlen(request->text), AUDIT_CHAIN_OBJECT_MAX),
	};

	return audit_chain_append(&entry);
}

/* caps_lock is held: the set stays what it is. */
static int present_decide(struct agent *agent, struct cap *request, u64 *id)
{
	struct cap_set *set = rcu_dereference_protected(agent->caps,
							lockdep_is_held(&agent->caps_lock));
	int err = 0;

	/* The boot agent has no set: it may do all that its user may. */
	if (!set)
		return security_agent_cap_present(agent, request);
	/* Before a use is taken; quarantine suspends all, and nobody answers approvals yet. */
	if (READ_ONCE(agent->state) == AGENT_STATE_QUARANTINED ||
	    manifest_needs_approval(agent->manifest, request))
		err = cap_errno(request->class);
	if (!err)
		err = cap_set_present(set, request, id);
	return err ?: security_agent_cap_present(agent, request);
}

/**
 * agent_present() - decide a request, and take one use of what allows it
 * @agent: on whose behalf
 * @request: what is asked for, in the form of a capability
 * @id: set to the capability that allowed it; 0 if none did
 * @seq: set to the record's number
 *
 * Context: may sleep.
 * Return: 0; -ESRCH if @agent has ended, unrecorded; -EACCES or -EPERM if it is denied.
 */
int agent_present(struct agent *agent, struct cap *request, u64 *id, u64 *seq)
{
	int err;

	if (agent_is_terminal(agent))
		return -ESRCH;
	*id = 0;
	/* Recorded under the lock: no use stands behind the record of a revocation. */
	mutex_lock(&agent->caps_lock);
	err = present_decide(agent, request, id);
	if (err)
		WRITE_ONCE(agent->nr_denials, READ_ONCE(agent->nr_denials) + 1);
	*seq = present_record(agent, request, *id, err);
	mutex_unlock(&agent->caps_lock);
	return err;
}
