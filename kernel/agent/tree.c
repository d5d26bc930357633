// SPDX-License-Identifier: GPL-2.0
/*
 * The agent tree and the index by AID.
 */

#include <linux/agent.h>
#include <linux/xarray.h>

#include "cap.h"
#include "tree.h"

/* Who stands under whom, who is in the graveyard, and who writes capability sets. */
DEFINE_MUTEX(agent_tree_lock);

/* Live agents and those in the graveyard; holds a reference on each. */
static DEFINE_XARRAY(agents);
static atomic64_t agents_last = ATOMIC64_INIT(0);

/**
 * agent_tree_init() - give the boot agent its place, a:00000
 */
void __init agent_tree_init(void)
{
	if (xa_is_err(xa_store(&agents, 0, &agent_boot, GFP_KERNEL)))
		panic("coconut: no memory for the boot agent");
}

/**
 * agent_tree_reserve() - take the next AID
 * @aid: where it is stored
 *
 * An AID that is released is not given out again: a record that names it
 * must never seem to speak of another agent.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int agent_tree_reserve(u64 *aid)
{
	*aid = atomic64_inc_return(&agents_last);
	return xa_reserve(&agents, *aid, GFP_KERNEL);
}

/**
 * agent_tree_release() - give up an AID that was reserved
 * @aid: from agent_tree_reserve()
 */
void agent_tree_release(u64 aid)
{
	xa_release(&agents, aid);
}

/**
 * agent_tree_publish() - let an agent be found
 * @agent: complete, under a reserved AID
 *
 * Context: agent_tree_lock is held.
 */
void agent_tree_publish(struct agent *agent)
{
	lockdep_assert_held(&agent_tree_lock);
	/* Where an ancestor is quarantined, so is what comes to stand under it. */
	atomic_set(&agent->suspended, atomic_read(&agent->parent->suspended));
	WARN_ON_ONCE(xa_is_err(xa_store(&agents, agent->aid, agent_get(agent),
					GFP_KERNEL)));
	list_add_tail(&agent->sibling, &agent->parent->children);
	atomic_inc(&agent->parent->nr_children);
}

/**
 * agent_tree_unlink() - take an agent out of its parent's list
 * @agent: published, without live children
 *
 * Context: agent_tree_lock is held.
 */
void agent_tree_unlink(struct agent *agent)
{
	lockdep_assert_held(&agent_tree_lock);
	WARN_ON_ONCE(!list_empty(&agent->children));
	list_del_init(&agent->sibling);
	atomic_dec(&agent->parent->nr_children);
}

/**
 * agent_tree_forget() - drop an agent from the index
 * @agent: ended; the index's reference goes with it
 *
 * Context: agent_tree_lock is held.
 */
void agent_tree_forget(struct agent *agent)
{
	lockdep_assert_held(&agent_tree_lock);
	xa_erase(&agents, agent->aid);
	agent_put(agent);
}

/**
 * agent_tree_next() - the next agent of a subtree, parents before children
 * @root: where the walk started
 * @pos: the agent before, or NULL
 *
 * Context: agent_tree_lock is held.
 * Return: the agent, without a reference; NULL at the end.
 */
struct agent *agent_tree_next(struct agent *root, struct agent *pos)
{
	lockdep_assert_held(&agent_tree_lock);
	if (!pos)
		return root;
	if (!list_empty(&pos->children))
		return list_first_entry(&pos->children, struct agent, sibling);
	for (; pos != root; pos = pos->parent) {
		if (!list_is_last(&pos->sibling, &pos->parent->children))
			return list_next_entry(pos, sibling);
	}
	return NULL;
}

/**
 * agent_tree_leaf() - the first agent of a subtree that has no live children
 * @agent: the root of the subtree
 *
 * Context: agent_tree_lock is held.
 * Return: the agent, without a reference; never NULL.
 */
struct agent *agent_tree_leaf(struct agent *agent)
{
	lockdep_assert_held(&agent_tree_lock);
	while (!list_empty(&agent->children))
		agent = list_first_entry(&agent->children, struct agent, sibling);
	return agent;
}

/**
 * agent_lookup() - find an agent by its AID
 * @aid: the AID; 0 is the boot agent
 *
 * Context: any.
 * Return: the agent with a reference, an ended one included; or NULL.
 */
struct agent *agent_lookup(u64 aid)
{
	struct agent *agent;

	rcu_read_lock();
	agent = xa_load(&agents, aid);
	if (agent && !refcount_inc_not_zero(&agent->ref))
		agent = NULL;
	rcu_read_unlock();
	return agent;
}

/**
 * agent_next() - find the first agent from an AID on
 * @aid: where to begin; set to what was found
 *
 * Context: any.
 * Return: the agent with a reference, ended ones included; or NULL.
 */
struct agent *agent_next(u64 *aid)
{
	unsigned long index = *aid;
	struct agent *agent;

	rcu_read_lock();
	agent = xa_find(&agents, &index, ULONG_MAX, XA_PRESENT);
	while (agent && !refcount_inc_not_zero(&agent->ref))
		agent = xa_find_after(&agents, &index, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	*aid = index;
	return agent;
}

/**
 * agent_is_ancestor() - does one agent stand above another?
 * @anc: the upper one; NULL is the boot agent
 * @agent: the lower one; NULL is the boot agent
 *
 * Parents never change and are held by their children: no lock is needed.
 *
 * Context: any.
 * Return: true too when both are the same.
 */
bool agent_is_ancestor(const struct agent *anc, const struct agent *agent)
{
	if (!anc || anc == &agent_boot)
		return true;
	while (agent && agent->depth > anc->depth)
		agent = agent->parent;
	return agent == anc;
}

static noinline bool tree_holds_observe(const struct agent *viewer, const struct agent *agent)
{
	const struct agent_request req = {
		.class	= AGENT_CLASS_AGENT,
		.rights	= AGENT_AGENT_OBSERVE,
		.target	= agent ?: &agent_boot,
	};
	struct cap_set *set = agent_caps_get((struct agent *)viewer);
	u64 rights, id;

	if (!set)
		return false;
	rights = cap_set_rights(set, viewer, &req, &id, NULL);
	cap_set_put(set);
	return rights & AGENT_AGENT_OBSERVE;
}

/**
 * agent_may_observe() - may the tasks of one agent see another?
 * @viewer: who looks; NULL is the boot agent, which sees all
 * @agent: at whom; NULL is the boot agent
 *
 * An agent sees itself and its descendants; more by a capability of class
 * agent with the right observe.
 *
 * Context: may sleep.
 * Return: true if it may.
 */
bool agent_may_observe(const struct agent *viewer, const struct agent *agent)
{
	return agent_is_ancestor(viewer, agent) || tree_holds_observe(viewer, agent);
}
