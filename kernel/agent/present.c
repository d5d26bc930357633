// SPDX-License-Identifier: GPL-2.0
/*
 * Presenting: a broker asks whether a request lies within an agent's capabilities.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/security.h>

#include "approval.h"
#include "cap.h"
#include "manifest.h"
#include "present.h"
#include "strike.h"

static u64 present_record(const struct agent *agent, const struct cap *request, u64 id, int err)
{
	struct audit_entry entry = {
		.aid		= agent->aid,
		.event		= AGENT_EVENT_PRESENT,
		.class		= request->class,
		.decision	= err ? AGENT_DECISION_DENIED : AGENT_DECISION_ALLOWED,
		.capability	= id,
		.rights		= request->rights,
		.result		= err,
		.object		= request->text,
		.object_len	= min_t(size_t, strlen(request->text), AUDIT_CHAIN_OBJECT_MAX),
	};

	return audit_chain_append(&entry);
}

/**
 * struct presenting - a request under decision
 * @agent: on whose behalf
 * @request: what is asked for, in the form of a capability
 * @approved: somebody has approved of it
 * @id: the capability that allowed it; 0 if none did
 * @seq: the record's number
 */
struct presenting {
	struct agent *agent;
	struct cap *request;
	bool approved;
	u64 id;
	u64 seq;
};

/* caps_lock is held: the set stays what it is. */
static int present_decide(struct presenting *p)
{
	struct agent *agent = p->agent;
	struct cap_set *set = rcu_dereference_protected(agent->caps,
							lockdep_is_held(&agent->caps_lock));
	int err = 0;

	/* The boot agent has no set: it may do all that its user may. */
	if (!set)
		return security_agent_cap_present(agent, p->request);
	/* Before a use is taken. */
	if (agent_suspended(agent) ||
	    (!p->approved && manifest_needs_approval(agent->manifest, p->request)))
		err = cap_errno(p->request->class);
	if (!err)
		err = cap_set_present(set, p->request, p->approved, &p->id);
	return err ?: security_agent_cap_present(agent, p->request);
}

static bool present_approvable(const void *arg)
{
	const struct presenting *p = arg;
	struct cap_set *set;
	bool approvable;

	if (agent_suspended(p->agent) || agent_is_terminal(p->agent))
		return false;
	set = agent_caps_get(p->agent);
	approvable = set && cap_set_presentable(set, p->request,
						manifest_needs_approval(p->agent->manifest,
									p->request));
	cap_set_put(set);
	return approvable;
}

static bool present_asked(const struct presenting *p)
{
	size_t len = strlen(p->request->text);
	const struct approval_use use = {
		.agent = p->agent,
		.class = p->request->class,
		.rights = p->request->rights,
		.object = p->request->text,
		.len = min_t(size_t, len, AUDIT_CHAIN_OBJECT_MAX),
		.still = present_approvable,
		.arg = p,
	};

	return present_approvable(p) && approval_given(&use);
}

/* Recorded under the lock: no use stands behind the record of a revocation. */
static int present_try(struct presenting *p, bool last)
{
	int err;

	mutex_lock(&p->agent->caps_lock);
	err = present_decide(p);
	if (!err || last)
		p->seq = present_record(p->agent, p->request, p->id, err);
	mutex_unlock(&p->agent->caps_lock);
	return err;
}

/**
 * agent_present() - decide a request, and take one use of what allows it
 * @agent: on whose behalf
 * @request: what is asked for, in the form of a capability
 * @id: set to the capability that allowed it; 0 if none did
 * @seq: set to the record's number
 *
 * Where somebody has to approve, the caller waits for the answer.
 *
 * Context: may sleep.
 * Return: 0; -ESRCH if @agent has ended, unrecorded; -EACCES or -EPERM if it is denied.
 */
int agent_present(struct agent *agent, struct cap *request, u64 *id, u64 *seq)
{
	struct presenting p = { .agent = agent, .request = request };
	int err;

	if (agent_is_terminal(agent))
		return -ESRCH;
	err = present_try(&p, false);
	if (err) {
		p.approved = present_asked(&p);
		err = present_try(&p, true);
	}
	*id = p.id;
	*seq = p.seq;
	if (err)
		agent_denied(agent);
	return err;
}
