// SPDX-License-Identifier: GPL-2.0
/*
 * Budgets and what is charged to them.
 *
 * What an agent uses is charged to its ancestors as well: else an agent with ten
 * children would have eleven budgets.
 */

#include <linux/agent.h>
#include <linux/minmax.h>
#include <linux/seq_file.h>

#include "manifest.h"
#include "quota.h"
#include "state.h"
#include "tree.h"

static const struct quota_kind {
	const char *name;
	bool enforced;		/* the others are kept and shown, but nothing charges them */
	bool ancestors;		/* is charged to them too; children are each parent's own */
} quota_kinds[AGENT_NR_QUOTAS] = {
	[AGENT_QUOTA_CPU]		= { "cpu" },
	[AGENT_QUOTA_RAM]		= { "ram" },
	[AGENT_QUOTA_HBM]		= { "hbm" },
	[AGENT_QUOTA_SSD]		= { "ssd" },
	[AGENT_QUOTA_NET]		= { "net" },
	[AGENT_QUOTA_INFERENCE_TOKENS]	= { "inference_tokens", true, true },
	[AGENT_QUOTA_CHILDREN]		= { "children", true, false },
};

/**
 * agent_quota_name() - the name of a kind of budget
 * @kind: enum agent_quota_kind
 *
 * Return: text that stays, or NULL for an unknown kind.
 */
const char *agent_quota_name(u32 kind)
{
	return kind < AGENT_NR_QUOTAS ? quota_kinds[kind].name : NULL;
}

/**
 * agent_quota_enforced() - does anything charge this kind?
 * @kind: enum agent_quota_kind
 *
 * Return: true if a limit of this kind has an effect.
 */
bool agent_quota_enforced(u32 kind)
{
	return kind < AGENT_NR_QUOTAS && quota_kinds[kind].enforced;
}

static u64 quota_room(const struct agent_quota *quota)
{
	u64 limit = READ_ONCE(quota->limit);
	u64 charged = READ_ONCE(quota->used) + READ_ONCE(quota->reserved);

	return charged < limit ? limit - charged : 0;
}

/**
 * agent_quota_room() - what could still be charged to one agent
 * @agent: the agent
 * @kind: enum agent_quota_kind
 *
 * Return: units; without a lock the answer may be old.
 */
u64 agent_quota_room(const struct agent *agent, u32 kind)
{
	return quota_room(&agent->quota[kind]);
}

static struct agent *quota_above(const struct agent *agent, u32 kind)
{
	return quota_kinds[kind].ancestors ? agent->parent : NULL;
}

/**
 * agent_quota_room_above() - what an agent and all whom it is charged to have left
 * @agent: the agent
 * @kind: enum agent_quota_kind
 *
 * Return: units; without a lock the answer may be old.
 */
u64 agent_quota_room_above(const struct agent *agent, u32 kind)
{
	u64 room = AGENT_QUOTA_UNLIMITED;

	for (; agent; agent = quota_above(agent, kind))
		room = min(room, agent_quota_room(agent, kind));
	return room;
}

static int quota_charge_one(struct agent *agent, u32 kind, u64 amount, bool reserve)
{
	struct agent_quota *quota = &agent->quota[kind];
	unsigned long flags;
	int err = -EDQUOT;

	spin_lock_irqsave(&agent->lock, flags);
	if (amount <= quota_room(quota)) {
		if (reserve)
			quota->reserved += amount;
		else
			quota->used += amount;
		err = 0;
	}
	spin_unlock_irqrestore(&agent->lock, flags);
	return err;
}

static void quota_mark(struct agent *agent, u32 kind)
{
	struct agent_quota *quota;
	unsigned long flags;

	for (; agent; agent = quota_above(agent, kind)) {
		quota = &agent->quota[kind];
		spin_lock_irqsave(&agent->lock, flags);
		quota->high_water = max(quota->high_water, quota->used + quota->reserved);
		spin_unlock_irqrestore(&agent->lock, flags);
	}
}

static void quota_release_to(struct agent *agent, const struct agent *end, u32 kind,
			     u64 reserved, u64 used)
{
	unsigned long flags;

	for (; agent != end; agent = quota_above(agent, kind)) {
		spin_lock_irqsave(&agent->lock, flags);
		agent->quota[kind].reserved -= reserved;
		agent->quota[kind].used -= used;
		spin_unlock_irqrestore(&agent->lock, flags);
	}
}

/**
 * agent_quota_release() - take back what was charged
 * @agent: the agent it was charged to
 * @kind: enum agent_quota_kind
 * @reserved: units of reservation
 * @used: units of use
 */
void agent_quota_release(struct agent *agent, u32 kind, u64 reserved, u64 used)
{
	quota_release_to(agent, NULL, kind, reserved, used);
}

/**
 * agent_quota_charge() - charge an agent, and its ancestors where they count
 * @agent: the agent
 * @kind: enum agent_quota_kind
 * @amount: units
 * @reserve: as a reservation, else as used
 *
 * From the agent upwards, each level under its own lock: no level is over its limit
 * at any time, whoever else charges it.
 *
 * Context: any.
 * Return: 0, or -EDQUOT with nothing charged.
 */
int agent_quota_charge(struct agent *agent, u32 kind, u64 amount, bool reserve)
{
	struct agent *level;

	for (level = agent; level; level = quota_above(level, kind)) {
		if (!quota_charge_one(level, kind, amount, reserve))
			continue;
		quota_release_to(agent, level, kind, reserve ? amount : 0,
				 reserve ? 0 : amount);
		return -EDQUOT;
	}
	quota_mark(agent, kind);
	return 0;
}

/**
 * agent_quota_debit() - charge what was used without a reservation
 * @agent: the agent
 * @kind: enum agent_quota_kind
 * @amount: units
 *
 * Context: any.
 * Return: 0, or -EDQUOT with nothing charged.
 */
int agent_quota_debit(struct agent *agent, u32 kind, u64 amount)
{
	return agent_quota_charge(agent, kind, amount, false);
}

/**
 * agent_quota_inherit() - give a new agent the budgets of its manifest
 * @agent: new, under its parent
 * @manifest: what it asks for; where it is silent the parent's limit holds
 *
 * Context: agent_tree_lock is held, so that the parent's limits stay.
 * Return: 0, or -EPERM if a budget is larger than the parent's.
 */
int agent_quota_inherit(struct agent *agent, const struct manifest *manifest)
{
	u64 asked, limit;
	u32 kind;

	for (kind = 0; kind < AGENT_NR_QUOTAS; kind++) {
		asked = manifest->quota[kind];
		limit = READ_ONCE(agent->parent->quota[kind].limit);
		if (asked != AGENT_QUOTA_UNLIMITED && asked > limit)
			return -EPERM;
		agent->quota[kind].limit = min(asked, limit);
	}
	return 0;
}

/**
 * agent_quota_child_new() - charge a child to its parent
 * @parent: the parent
 *
 * Return: 0 or -EDQUOT.
 */
int agent_quota_child_new(struct agent *parent)
{
	return agent_quota_charge(parent, AGENT_QUOTA_CHILDREN, 1, false);
}

/**
 * agent_quota_child_gone() - a child has ended
 * @parent: the parent
 */
void agent_quota_child_gone(struct agent *parent)
{
	agent_quota_release(parent, AGENT_QUOTA_CHILDREN, 0, 1);
}

/* A budget is a subset of the parent's, so a lower limit holds for all beneath it. */
static void quota_limit(struct agent *agent, u32 kind, u64 limit, bool root)
{
	struct agent_quota *quota = &agent->quota[kind];
	unsigned long flags;

	spin_lock_irqsave(&agent->lock, flags);
	WRITE_ONCE(quota->limit, root ? limit : min(quota->limit, limit));
	if (agent->state == AGENT_STATE_INFERENCE_BLOCKED)
		agent_transition_locked(agent, AGENT_STATE_ACTIVE, "quota set");
	spin_unlock_irqrestore(&agent->lock, flags);
}

/**
 * agent_quota_set() - set the limit of a budget
 * @agent: a live agent
 * @kind: enum agent_quota_kind, an enforced one
 * @limit: units, AGENT_QUOTA_UNLIMITED where the parent has no limit either
 *
 * A limit below what is used already takes nothing back: nothing more is charged.
 *
 * Context: may sleep.
 * Return: 0; -EPERM if it is above the parent's limit, or for the boot agent;
 * -ESRCH if the agent has ended.
 */
int agent_quota_set(struct agent *agent, u32 kind, u64 limit)
{
	struct agent *pos = NULL;
	int err = 0;

	if (!agent->parent)
		return -EPERM;
	mutex_lock(&agent_tree_lock);
	if (agent_is_terminal(agent))
		err = -ESRCH;
	else if (limit > READ_ONCE(agent->parent->quota[kind].limit))
		err = -EPERM;
	while (!err && (pos = agent_tree_next(agent, pos)))
		quota_limit(pos, kind, limit, pos == agent);
	mutex_unlock(&agent_tree_lock);
	return err;
}

/**
 * agent_quota_get() - read a budget
 * @agent: the agent
 * @kind: enum agent_quota_kind
 * @out: a consistent copy
 *
 * Context: any.
 */
void agent_quota_get(struct agent *agent, u32 kind, struct agent_quota *out)
{
	unsigned long flags;

	spin_lock_irqsave(&agent->lock, flags);
	*out = agent->quota[kind];
	spin_unlock_irqrestore(&agent->lock, flags);
}

static void quota_show_limit(struct seq_file *m, u64 limit)
{
	if (limit == AGENT_QUOTA_UNLIMITED)
		seq_puts(m, "limit unlimited\n");
	else
		seq_printf(m, "limit %llu\n", limit);
}

/**
 * agent_quota_show() - a budget as text, a key and a value on each line
 * @m: where to
 * @agent: the agent
 * @kind: enum agent_quota_kind
 */
void agent_quota_show(struct seq_file *m, struct agent *agent, u32 kind)
{
	struct agent_quota quota;

	agent_quota_get(agent, kind, &quota);
	quota_show_limit(m, quota.limit);
	seq_printf(m, "used %llu\nreserved %llu\nhigh_water %llu\nenforced %s\n",
		   quota.used, quota.reserved, quota.high_water,
		   agent_quota_enforced(kind) ? "yes" : "no");
}
