// SPDX-License-Identifier: GPL-2.0
/*
 * Budgets and what is charged to them.
 *
 * What an agent uses is charged to its ancestors as well: else an agent with ten
 * children would have eleven budgets.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/minmax.h>
#include <linux/seq_file.h>

#include "lane.h"
#include "manifest.h"
#include "quota.h"
#include "quota_group.h"
#include "state.h"
#include "tenant.h"
#include "tree.h"

/*
 * @charged: by callers, who debit, reserve and settle; else the kernel counts by itself, or
 *	has a controller count
 * @ancestors: is charged to them too by agent_quota_charge(); net and controllers see to
 *	that in ways of their own, and children are each parent's own
 * @asked: holds only where a manifest says so: no part of a limit
 */
static const struct quota_kind {
	const char *name;
	bool charged, ancestors, asked;
} quota_kinds[AGENT_NR_QUOTAS] = {
	[AGENT_QUOTA_CPU]		= { "cpu" },
	[AGENT_QUOTA_RAM]		= { "ram" },
	[AGENT_QUOTA_HBM]		= { "hbm", .ancestors = true },
	[AGENT_QUOTA_SSD]		= { "ssd", .ancestors = true },
	[AGENT_QUOTA_NET]		= { "net" },
	[AGENT_QUOTA_INFERENCE_TOKENS]	= {
		"inference_tokens", .charged = true, .ancestors = true,
	},
	[AGENT_QUOTA_CHILDREN]		= { "children" },
	[AGENT_QUOTA_PIDS]		= { "pids" },
	[AGENT_QUOTA_IO]		= { "io" },
	[AGENT_QUOTA_CPU_WEIGHT]	= { "cpu_weight" },
	[AGENT_QUOTA_RAM_HIGH]		= { "ram_high" },
	[AGENT_QUOTA_RAM_MIN]		= { "ram_min", .asked = true },
	[AGENT_QUOTA_NET_TOTAL]		= { "net_total" },
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
 * Context: may sleep.
 * Return: true if a limit of this kind has an effect; not where the machine has no
 * controller that would keep it.
 */
bool agent_quota_enforced(u32 kind)
{
	return kind < AGENT_NR_QUOTAS && (!quota_group_keeps(kind) || quota_group_enforced(kind));
}

/**
 * agent_quota_charged() - do callers charge this kind?
 * @kind: enum agent_quota_kind
 *
 * Return: true if agent_quota(2) debits, reserves and settles it.
 */
bool agent_quota_charged(u32 kind)
{
	return kind < AGENT_NR_QUOTAS && quota_kinds[kind].charged;
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
	} else {
		quota->stalls++;
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
		if (READ_ONCE(quota->used) + READ_ONCE(quota->reserved) <=
		    READ_ONCE(quota->high_water))
			continue;
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

/* Weights are the scheduler's numbers, and not all memory can be kept for somebody. */
static bool quota_valid_limit(u32 kind, u64 limit)
{
	if (kind == AGENT_QUOTA_RAM_MIN)
		return limit != AGENT_QUOTA_UNLIMITED;
	return kind != AGENT_QUOTA_CPU_WEIGHT || limit == AGENT_QUOTA_UNLIMITED ||
	       (limit >= TENANT_WEIGHT_LEAST && limit <= TENANT_WEIGHT_MOST);
}

/**
 * agent_quota_over() - put on record that a budget did not suffice
 * @agent: the agent
 * @kind: enum agent_quota_kind
 * @refused: something failed for it, else it waited
 *
 * Once for each limit that is set: what goes on all the time would fill the chain.
 *
 * Context: any.
 */
void agent_quota_over(struct agent *agent, u32 kind, bool refused)
{
	char object[64];
	struct audit_entry entry = {
		.aid		= agent->aid,
		.event		= AGENT_EVENT_QUOTA,
		.class		= AGENT_CLASS_LIFE,
		.decision	= refused ? AGENT_DECISION_DENIED : AGENT_DECISION_NONE,
		.result		= refused ? -EDQUOT : 0,
		.object		= object,
	};
	unsigned long flags;
	bool told;

	spin_lock_irqsave(&agent->lock, flags);
	told = agent->quota_told & BIT(kind);
	agent->quota_told |= BIT(kind);
	spin_unlock_irqrestore(&agent->lock, flags);
	if (told)
		return;
	entry.object_len = scnprintf(object, sizeof(object), "a:%05llu %s over", agent->aid,
				     quota_kinds[kind].name);
	audit_chain_append(&entry);
}

/* The most that an agent can hand on: without a weight of its own that of its lane. */
static u64 quota_bound(const struct agent *parent, u32 kind)
{
	u64 limit = READ_ONCE(parent->quota[kind].limit);

	if (kind == AGENT_QUOTA_CPU_WEIGHT && parent->parent && limit == AGENT_QUOTA_UNLIMITED)
		return agent_lane_weight(parent->lane);
	return limit;
}

/* A lane's weight stays the lane's, and what was kept for the parent is not kept twice. */
static u64 quota_silent(const struct agent *parent, u32 kind)
{
	return quota_kinds[kind].asked ? 0 : READ_ONCE(parent->quota[kind].limit);
}

/**
 * agent_quota_inherit() - give a new agent the budgets of its manifest
 * @agent: new, under its parent
 * @manifest: what it asks for; where it is silent the parent's limit holds
 *
 * Context: may sleep; agent_tree_lock is held, so that the parent's limits stay.
 * Return: 0; -EPERM if a budget is larger than the parent's; -EINVAL if it is none;
 * -EOPNOTSUPP where the machine cannot keep it.
 */
int agent_quota_inherit(struct agent *agent, const struct manifest *manifest)
{
	u64 asked;
	u32 kind;

	for (kind = 0; kind < AGENT_NR_QUOTAS; kind++) {
		asked = manifest->quota[kind];
		if (asked == AGENT_QUOTA_UNLIMITED)
			asked = quota_silent(agent->parent, kind);
		else if (asked > quota_bound(agent->parent, kind))
			return -EPERM;
		if (!quota_valid_limit(kind, asked))
			return -EINVAL;
		agent->quota[kind].limit = asked;
	}
	return quota_group_spawned(agent);
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
	agent->quota_told &= ~BIT(kind);
	if (kind == AGENT_QUOTA_NET)
		agent->net_next_ns = 0;	/* what was owed at another rate is forgiven */
	if (agent->state == AGENT_STATE_INFERENCE_BLOCKED)
		agent_transition_locked(agent, AGENT_STATE_ACTIVE, "quota set");
	spin_unlock_irqrestore(&agent->lock, flags);
}

/*
 * Those beneath are held by the limit above them already. Theirs are written all the same:
 * what is lower for good must be so when the one above is raised again.
 *
 * Without agent_tree_lock: to take memory back may end agents, which need it to end. Of
 * two who set a limit at once the one that comes later here writes what counts then.
 */
static int quota_apply_tree(struct agent *root, u32 kind)
{
	int err = quota_group_apply(root, kind);
	struct agent *agent;
	u64 aid;

	if (!quota_group_keeps(kind) || !atomic_read(&root->nr_children))
		return err;
	for (aid = root->aid + 1; !err && (agent = agent_next(&aid)); aid++) {
		if (agent_is_ancestor(root, agent) && !agent_is_terminal(agent))
			err = quota_group_apply(agent, kind);
		agent_put(agent);
	}
	return err;
}

/**
 * agent_quota_set() - set the limit of a budget
 * @agent: a live agent
 * @kind: enum agent_quota_kind, an enforced one
 * @limit: units, AGENT_QUOTA_UNLIMITED where the parent has no limit either
 *
 * A limit below what is used already takes nothing back: nothing more is charged. But
 * memory is, at the price of the agent's life where it cannot be.
 *
 * Context: may sleep.
 * Return: 0; -EPERM if it is above the parent's limit, or for the boot agent; -EINVAL if
 * it is none; -ESRCH if the agent has ended; -EOPNOTSUPP where the machine cannot keep it.
 */
int agent_quota_set(struct agent *agent, u32 kind, u64 limit)
{
	struct agent *pos = NULL;
	int err = 0;

	if (!agent->parent)
		return -EPERM;
	if (!quota_valid_limit(kind, limit))
		return -EINVAL;
	mutex_lock(&agent_tree_lock);
	if (agent_is_terminal(agent))
		err = -ESRCH;
	else if (limit > quota_bound(agent->parent, kind) &&
		 limit != READ_ONCE(agent->parent->quota[kind].limit))
		err = -EPERM;
	while (!err && (pos = agent_tree_next(agent, pos)))
		quota_limit(pos, kind, limit, pos == agent);
	mutex_unlock(&agent_tree_lock);
	return err ?: quota_apply_tree(agent, kind);
}

/**
 * agent_quota_get() - read a budget
 * @agent: the agent
 * @kind: enum agent_quota_kind
 * @out: a consistent copy
 *
 * Context: may sleep.
 */
void agent_quota_get(struct agent *agent, u32 kind, struct agent_quota *out)
{
	unsigned long flags;

	quota_group_refresh(agent, kind);
	spin_lock_irqsave(&agent->lock, flags);
	agent_net_refresh(agent, kind);
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
	seq_printf(m, "used %llu\nreserved %llu\nhigh_water %llu\nstalls %llu\nenforced %s\n",
		   quota.used, quota.reserved, quota.high_water, quota.stalls,
		   agent_quota_enforced(kind) ? "yes" : "no");
	if (kind == AGENT_QUOTA_NET)
		seq_printf(m, "in %lld\nout %lld\n", atomic64_read(&agent->net_in),
			   atomic64_read(&agent->net_out));
}
