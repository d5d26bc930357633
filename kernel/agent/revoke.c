// SPDX-License-Identifier: GPL-2.0
/*
 * Withdrawing capabilities, and with each all that was derived from it.
 *
 * What derives from a capability of an agent is held by that agent's descendants
 * only, so one walk over its subtree, parents first, meets each after its source. The
 * new snapshots are built first and swapped then: either all of it is withdrawn or,
 * without memory, none.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "cap.h"
#include "epoch.h"
#include "grant.h"
#include "open.h"
#include "tree.h"

/**
 * struct revoked - one holder that loses something
 * @link: in revocation.holders
 * @agent: with a reference
 * @old: its snapshot before; with a reference once @new has been swapped in
 * @new: the snapshot without what is withdrawn
 */
struct revoked {
	struct list_head link;
	struct agent *agent;
	struct cap_set *old;
	struct cap_set *new;
};

/**
 * struct revocation - all that goes
 * @holders: list of struct revoked
 * @ids: the capabilities that are withdrawn
 * @count: how many
 */
struct revocation {
	struct list_head holders;
	struct xarray ids;
	u64 count;
};

static int revoke_mark(struct revocation *rev, const struct cap *cap)
{
	rev->count++;
	return xa_err(xa_store(&rev->ids, cap->id, xa_mk_value(1), GFP_KERNEL));
}

static bool revoke_marked(struct revocation *rev, u64 id)
{
	return id && xa_load(&rev->ids, id);
}

/* Marks what goes from a set, and collects what stays. */
static int revoke_split(struct revocation *rev, const struct cap_set *set, struct cap **stay,
			u32 *nr)
{
	int err = 0;
	u32 i;

	for (i = 0; i < set->nr && !err; i++) {
		struct cap *cap = set->caps[i];

		if (revoke_marked(rev, cap->id))
			continue;
		if (revoke_marked(rev, cap->parent_id))
			err = revoke_mark(rev, cap);
		else
			stay[(*nr)++] = cap;
	}
	return err;
}

static int revoke_note(struct revocation *rev, struct agent *agent, struct cap_set *old,
		       struct cap_set *new)
{
	struct revoked *one = kzalloc(sizeof(*one), GFP_KERNEL);

	if (!one) {
		cap_set_put(new);
		return -ENOMEM;
	}
	one->agent = agent_get(agent);
	one->old = old;
	one->new = new;
	list_add_tail(&one->link, &rev->holders);
	return 0;
}

/* Writers of caps hold agent_tree_lock too: the set stays what it is until the swap. */
static int revoke_plan_one(struct revocation *rev, struct agent *agent)
{
	struct cap_set *old = rcu_dereference_protected(agent->caps,
							lockdep_is_held(&agent_tree_lock));
	struct cap_set *new;
	struct cap **stay;
	u32 nr = 0;
	int err;

	stay = kvmalloc_array(old->nr ?: 1, sizeof(*stay), GFP_KERNEL);
	if (!stay)
		return -ENOMEM;
	err = revoke_split(rev, old, stay, &nr);
	if (!err && nr != old->nr) {
		new = cap_set_build(stay, nr, old->home);
		err = IS_ERR(new) ? PTR_ERR(new) : revoke_note(rev, agent, old, new);
	}
	kvfree(stay);
	return err;
}

static int revoke_plan(struct revocation *rev, struct agent *root)
{
	struct agent *pos = NULL;
	int err = 0;

	while (!err && (pos = agent_tree_next(root, pos)))
		err = revoke_plan_one(rev, pos);
	return err;
}

static int revoke_mark_first(struct revocation *rev, struct agent *agent, u64 id, bool all)
{
	const struct cap_set *set = rcu_dereference_protected(agent->caps,
							      lockdep_is_held(&agent_tree_lock));
	int err = 0;
	u32 i;

	for (i = 0; i < set->nr && !err; i++)
		if (all || set->caps[i]->id == id)
			err = revoke_mark(rev, set->caps[i]);
	if (!err && !all && !rev->count)
		err = -ENOENT;
	return err;
}

/* The pointer first, the epoch after it: whoever sees the new epoch finds the new set. */
static void revoke_swap(struct revocation *rev)
{
	struct revoked *one;

	list_for_each_entry(one, &rev->holders, link) {
		mutex_lock(&one->agent->caps_lock);
		rcu_assign_pointer(one->agent->caps, one->new);
		mutex_unlock(&one->agent->caps_lock);
		one->new = NULL;
		agent_epoch_move(one->agent);
		wake_up_all(&one->agent->wait);	/* who waits for an approval */
	}
}

static void revoke_failed(const struct agent *agent, u64 id, int err)
{
	char object[16];
	struct audit_entry entry = {
		.aid		= agent_aid(agent_current()),
		.event		= AGENT_EVENT_REVOKE,
		.class		= AGENT_CLASS_LIFE,
		.decision	= AGENT_DECISION_DENIED,
		.capability	= id,
		.result		= err,
		.object		= object,
	};

	entry.object_len = scnprintf(object, sizeof(object), "a:%05llu", agent->aid);
	audit_chain_append(&entry);
}

static void revoke_record(const struct agent *agent, const struct cap *cap)
{
	char object[AUDIT_CHAIN_OBJECT_MAX];
	struct audit_entry entry = {
		.aid		= agent_aid(agent_current()),
		.event		= AGENT_EVENT_REVOKE,
		.class		= cap->class,
		.decision	= AGENT_DECISION_ALLOWED,
		.capability	= cap->id,
		.object		= object,
	};

	entry.object_len = scnprintf(object, sizeof(object), "a:%05llu %s", agent->aid,
				     cap->text);
	audit_chain_throttle(entry.aid);
	audit_chain_append(&entry);
}

/* Off the lock: a record may have to wait for room. */
static void revoke_finish(struct revocation *rev, bool done)
{
	struct revoked *one, *next;
	u32 i;

	list_for_each_entry_safe(one, next, &rev->holders, link) {
		for (i = 0; done && i < one->old->nr; i++)
			if (revoke_marked(rev, one->old->caps[i]->id))
				revoke_record(one->agent, one->old->caps[i]);
		cap_set_put(done ? one->old : one->new);
		agent_put(one->agent);
		kfree(one);
	}
	xa_destroy(&rev->ids);
}

static int revoke_locked(struct revocation *rev, struct agent *agent, u64 id, u64 flags)
{
	bool all = flags & (AGENT_REVOKE_ALL | AGENT_REVOKE_TERMINATE);
	int err;

	if (agent_is_terminal(agent))
		return -ESRCH;
	err = revoke_mark_first(rev, agent, id, all);
	if (!err)
		err = revoke_plan(rev, agent);
	if (!err)
		revoke_swap(rev);
	return err;
}

static int revoke_decide(struct revocation *rev, struct agent *agent, u64 id, u64 flags)
{
	struct agent *revoker = agent_current() ?: &agent_boot;
	int err = agent_may_rule(agent);

	if (!err)
		err = security_agent_cap_revoke(revoker, agent, id, flags);
	if (err)
		return err;
	mutex_lock(&agent_tree_lock);
	err = revoke_locked(rev, agent, id, flags);
	mutex_unlock(&agent_tree_lock);
	return err;
}

/**
 * agent_revoke() - withdraw capabilities, and all that was derived from them
 * @agent: who holds them
 * @id: the capability; 0 with a flag
 * @flags: AGENT_REVOKE_ALL: all that it holds; AGENT_REVOKE_TERMINATE: and its life
 * @withdrawn: set to how many went, everywhere
 *
 * When this returns, no decision is made by any of them, and each holder's epoch has
 * moved, so that what was opened by them is decided anew; what was mapped by them has
 * been taken back. Each is one record.
 *
 * Context: may sleep.
 * Return: 0; -EPERM if current is not above @agent; -ENOENT if @agent holds no capability
 * @id; -ESRCH if it has ended; -ENOMEM, and then nothing was withdrawn; or what a
 * security module says.
 */
int agent_revoke(struct agent *agent, u64 id, u64 flags, u64 *withdrawn)
{
	struct revocation rev = { .holders = LIST_HEAD_INIT(rev.holders) };
	int err;

	xa_init(&rev.ids);
	err = revoke_decide(&rev, agent, id, flags);
	/* Whoever still decides by an old snapshot records that before the end of it. */
	if (!err)
		synchronize_rcu_expedited();
	else
		revoke_failed(agent, id, err);
	revoke_finish(&rev, !err);
	*withdrawn = err ? 0 : rev.count;
	if (!err && !(flags & AGENT_REVOKE_TERMINATE))
		agent_open_revoked(agent);
	if (!err && (flags & AGENT_REVOKE_TERMINATE))
		err = agent_terminate(agent, AGENT_STATE_TERMINATED_REVOKED, SIGKILL);
	/* Somebody else, or its last task's exit, was faster: it has ended all the same. */
	return err == -EALREADY || err == -EINVAL ? 0 : err;
}
