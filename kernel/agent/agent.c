// SPDX-License-Identifier: GPL-2.0
/*
 * The agent object and the credential that carries it.
 */

#include <linux/agent.h>
#include <linux/cred.h>
#include <linux/slab.h>

#include "agent.h"
#include "cap.h"
#include "epoch.h"
#include "group.h"
#include "manifest.h"
#include "quarantine.h"
#include "quota.h"

/*
 * The root of the tree: every task that is in no agent belongs to it. Its
 * credentials say NULL, so that such a task pays one pointer test.
 */
struct agent agent_boot = {
	.ref		= REFCOUNT_INIT(1),
	.children	= LIST_HEAD_INIT(agent_boot.children),
	.sibling	= LIST_HEAD_INIT(agent_boot.sibling),
	.lock		= __SPIN_LOCK_UNLOCKED(agent_boot.lock),
	.state		= AGENT_STATE_ACTIVE,
	.wait		= __WAIT_QUEUE_HEAD_INITIALIZER(agent_boot.wait),
	.caps_lock	= __MUTEX_INITIALIZER(agent_boot.caps_lock),
	.name		= "boot",
	.tenant		= "system",
	.lane		= AGENT_LANE_NORMAL,
	.audit_level	= AGENT_AUDIT_DECISIONS,
	.quota		= {
		[0 ... AGENT_NR_QUOTAS - 1] = { .limit = AGENT_QUOTA_UNLIMITED },
	},
	.reservations	= LIST_HEAD_INIT(agent_boot.reservations),
	.reservation_work = __DELAYED_WORK_INITIALIZER(agent_boot.reservation_work,
						       agent_reservation_work, 0),
};

static void agent_free_work(struct work_struct *work)
{
	struct agent *agent = container_of(work, struct agent, free_work);

	WARN_ON_ONCE(!list_empty(&agent->reservations));
	agent_group_remove(agent);
	if (agent->manifest)
		manifest_free(agent->manifest);
	if (rcu_access_pointer(agent->caps))
		cap_set_put(rcu_dereference_protected(agent->caps, true));
	agent_put(agent->parent);
	kfree_rcu(agent, rcu);
}

/**
 * agent_alloc() - make an agent that nobody knows yet
 * @parent: the agent that it will stand under
 *
 * Context: may sleep.
 * Return: the agent with one reference, or NULL without memory.
 */
struct agent *agent_alloc(struct agent *parent)
{
	struct agent *agent = kzalloc(sizeof(*agent), GFP_KERNEL_ACCOUNT);

	if (!agent)
		return NULL;
	refcount_set(&agent->ref, 1);
	INIT_WORK(&agent->free_work, agent_free_work);
	INIT_WORK(&agent->quarantine_work, agent_quarantine_work);
	INIT_WORK(&agent->group_work, agent_group_work);
	agent->parent = agent_get(parent);
	agent->depth = parent->depth + 1;
	INIT_LIST_HEAD(&agent->children);
	INIT_LIST_HEAD(&agent->sibling);
	spin_lock_init(&agent->lock);
	init_waitqueue_head(&agent->wait);
	mutex_init(&agent->caps_lock);
	INIT_LIST_HEAD(&agent->reservations);
	INIT_DELAYED_WORK(&agent->reservation_work, agent_reservation_work);
	agent_epoch_stamp(agent);
	return agent;
}

/**
 * agent_get() - take a reference
 * @agent: an agent that the caller holds, or NULL
 *
 * Return: @agent.
 */
struct agent *agent_get(struct agent *agent)
{
	if (agent)
		refcount_inc(&agent->ref);
	return agent;
}

/**
 * agent_put() - drop a reference
 * @agent: an agent, or NULL
 *
 * Context: any. Credentials are freed in softirq, so the work is handed on.
 */
void agent_put(struct agent *agent)
{
	if (agent && refcount_dec_and_test(&agent->ref))
		queue_work(system_unbound_wq, &agent->free_work);
}

/**
 * agent_cred_copy() - let a copied credential hold its own reference
 * @new: a byte copy of another credential
 */
void agent_cred_copy(struct cred *new)
{
	agent_get(new->agent);
}

/**
 * agent_cred_transfer() - carry the agent over to a credential built from nothing
 * @new: a blank credential
 * @old: the credential that it will replace
 */
void agent_cred_transfer(struct cred *new, const struct cred *old)
{
	new->agent = agent_get(old->agent);
}

/**
 * agent_cred_free() - drop what a credential held
 * @cred: the credential, about to be freed
 *
 * Context: any, softirq included.
 */
void agent_cred_free(struct cred *cred)
{
	agent_put(cred->agent);
}
