// SPDX-License-Identifier: GPL-2.0
/*
 * Granting capabilities. What is granted derives from what the granter holds.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/capability.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "cap.h"
#include "grant.h"
#include "manifest.h"
#include "tree.h"

/**
 * agent_may_rule() - may current grant to and take from an agent?
 * @agent: the agent
 *
 * Return: 0; -EPERM unless current stands above it: in a proper ancestor, or outside
 * every agent with CAP_SYS_ADMIN.
 */
int agent_may_rule(const struct agent *agent)
{
	const struct agent *ruler = agent_current();

	if (agent == &agent_boot || agent == ruler)
		return -EPERM;
	if (!ruler)
		return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
	return agent_is_ancestor(ruler, agent) && !agent_suspended(ruler) ? 0 : -EPERM;
}

/* Referenced; NULL for the boot agent, which covers everything; or ERR_PTR. */
static struct cap *grant_source(const struct cap_set *set, const struct cap *want, u64 id)
{
	struct cap *source;

	if (!set)
		return id ? ERR_PTR(-ENOENT) : NULL;
	if (!id)
		return cap_set_covers(set, want) ?: ERR_PTR(-EPERM);
	source = cap_set_find(set, id);
	if (!source)
		return ERR_PTR(-ENOENT);
	if (source->limits.depth && cap_subset(want, source))
		return source;
	cap_put(source);
	return ERR_PTR(-EPERM);
}

static struct cap *grant_derive(const struct agent *granter, const struct cap *want, u64 parent)
{
	struct cap_set *set = agent_caps_get((struct agent *)granter);
	struct cap *source, *cap;

	source = grant_source(set, want, parent);
	if (IS_ERR(source)) {
		cap = source;
	} else {
		cap = cap_derive(want, source) ?: ERR_PTR(-ENOMEM);
		cap_put(source);
	}
	if (set)
		cap_set_put(set);
	return cap;
}

/* A snapshot is never changed: a longer one takes its place. */
static int grant_install(struct agent *agent, struct cap *cap)
{
	struct cap_set *old, *new;
	struct cap **caps;
	int err;

	mutex_lock(&agent->caps_lock);
	old = rcu_dereference_protected(agent->caps, lockdep_is_held(&agent->caps_lock));
	caps = kvmalloc_array(old->nr + 1, sizeof(*caps), GFP_KERNEL);
	if (!caps) {
		err = -ENOMEM;
		goto unlock;
	}
	memcpy(caps, old->caps, old->nr * sizeof(*caps));
	caps[old->nr] = cap;
	new = cap_set_build(caps, old->nr + 1, old->home);
	kvfree(caps);
	err = PTR_ERR_OR_ZERO(new);
	if (err)
		goto unlock;
	rcu_assign_pointer(agent->caps, new);
	cap_set_put(old);
unlock:
	mutex_unlock(&agent->caps_lock);
	return err;
}

/* Under the tree lock, so that what it derives from is not withdrawn in between. */
static int grant_locked(struct agent *granter, struct agent *agent, struct cap *want,
			u64 parent, u64 *id)
{
	struct cap *cap;
	int err;

	if (agent_is_terminal(agent))
		return -ESRCH;
	if (!manifest_allows(agent->manifest, want))
		return -EPERM;
	cap = grant_derive(granter, want, parent);
	if (IS_ERR(cap))
		return PTR_ERR(cap);
	err = security_agent_cap_grant(granter, agent, cap);
	if (!err)
		err = grant_install(agent, cap);
	if (!err)
		*id = cap->id;
	cap_put(cap);
	return err;
}

static void grant_record(const struct agent *agent, const struct cap *want, u64 id, int err)
{
	char object[AUDIT_CHAIN_OBJECT_MAX];
	struct audit_entry entry = {
		.aid		= agent_aid(agent_current()),
		.event		= AGENT_EVENT_GRANT,
		.class		= want->class,
		.decision	= err ? AGENT_DECISION_DENIED : AGENT_DECISION_ALLOWED,
		.capability	= id,
		.rights		= want->rights,
		.result		= err,
		.object		= object,
	};

	entry.object_len = scnprintf(object, sizeof(object), "a:%05llu %s", agent->aid,
				     want->text);
	audit_chain_append(&entry);
}

/**
 * agent_grant_failed() - record a grant of what was no capability
 * @agent: to whom
 * @err: why not
 */
void agent_grant_failed(const struct agent *agent, int err)
{
	char object[24];
	struct audit_entry entry = {
		.aid		= agent_aid(agent_current()),
		.event		= AGENT_EVENT_GRANT,
		.class		= AGENT_CLASS_LIFE,
		.decision	= AGENT_DECISION_DENIED,
		.result		= err,
		.object		= object,
	};

	entry.object_len = scnprintf(object, sizeof(object), "a:%05llu", agent->aid);
	audit_chain_append(&entry);
}

static int grant_decide(struct agent *agent, struct cap *want, u64 parent, u64 *id)
{
	struct agent *granter = agent_current() ?: &agent_boot;
	int err = agent_may_rule(agent);

	if (err)
		return err;
	mutex_lock(&agent_tree_lock);
	err = grant_locked(granter, agent, want, parent, id);
	mutex_unlock(&agent_tree_lock);
	return err;
}

/**
 * agent_grant() - give an agent one more capability
 * @agent: the agent
 * @want: what it is to allow, decoded
 * @parent: the granter's capability to derive from; 0: any that covers it
 * @id: set to the new capability's; 0 if none was given
 *
 * Context: may sleep.
 * Return: 0; -EPERM if current is not above @agent, or nothing it holds covers @want,
 * or @agent's manifest does not allow it;
 * -ENOENT if it does not hold @parent; -ESRCH if @agent has ended; -E2BIG if
 * it has AGENT_CAPS_MAX already; -ENOMEM; or what a security module says.
 */
int agent_grant(struct agent *agent, struct cap *want, u64 parent, u64 *id)
{
	int err;

	*id = 0;
	err = grant_decide(agent, want, parent, id);
	grant_record(agent, want, *id, err);
	return err;
}
