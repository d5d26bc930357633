// SPDX-License-Identifier: GPL-2.0
/*
 * The budgets of class net: bytes a second, and bytes in all.
 *
 * What was sent or has arrived moves the moment at which it is paid for, for the agent and
 * for each of its ancestors that has a limit; who is in debt waits before it sends or
 * receives more. So the rate holds over time, whatever the size of a single piece, and
 * nothing is counted twice where a call is begun anew.
 *
 * What arrives is counted where a packet meets its socket, so that no way to read it goes
 * past that; an agent that lets too much come loses packets.
 */

#include <linux/agent.h>
#include <linux/agent_net.h>
#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "quota.h"

#define NET_CREDIT_NS		(50 * NSEC_PER_MSEC)	/* so much may be sent at once */
#define NET_DROP_NS		NSEC_PER_SEC		/* deeper in debt nothing is taken */

static void net_add(struct agent *agent, u64 bytes, bool out)
{
	atomic64_add(bytes, out ? &agent->net_out : &agent->net_in);
}

static u64 net_sum(const struct agent *agent)
{
	return atomic64_read(&agent->net_in) + atomic64_read(&agent->net_out);
}

/* ---- bytes in all ---- */

static int net_take_limited(struct agent *agent, u64 bytes, bool out)
{
	struct agent_quota *quota = &agent->quota[AGENT_QUOTA_NET_TOTAL];
	unsigned long flags;
	int err = 0;
	u64 sum;

	spin_lock_irqsave(&agent->lock, flags);
	sum = net_sum(agent);
	if (sum < quota->limit && bytes <= quota->limit - sum) {
		net_add(agent, bytes, out);
	} else {
		quota->stalls++;
		err = -EDQUOT;
	}
	spin_unlock_irqrestore(&agent->lock, flags);
	return err;
}

/* Packets come on every CPU: who has no limit takes no lock for them. */
static int net_take_one(struct agent *agent, u64 bytes, bool out)
{
	if (READ_ONCE(agent->quota[AGENT_QUOTA_NET_TOTAL].limit) != AGENT_QUOTA_UNLIMITED)
		return net_take_limited(agent, bytes, out);
	net_add(agent, bytes, out);
	return 0;
}

static int net_take(struct agent *agent, u64 bytes, bool out)
{
	struct agent *level, *below;
	int err;

	for (level = agent; level; level = level->parent) {
		err = net_take_one(level, bytes, out);
		if (!err)
			continue;
		for (below = agent; below != level; below = below->parent)
			net_add(below, -bytes, out);
		return err;
	}
	return 0;
}

/**
 * agent_net_refresh() - bring a budget up to what was counted
 * @agent: the agent
 * @kind: enum agent_quota_kind; others than those of class net are left alone
 *
 * Context: any; agent->lock is held.
 */
void agent_net_refresh(struct agent *agent, u32 kind)
{
	struct agent_quota *quota = &agent->quota[kind];

	if (kind != AGENT_QUOTA_NET && kind != AGENT_QUOTA_NET_TOTAL)
		return;
	quota->used = net_sum(agent);
	quota->high_water = max(quota->high_water, quota->used);
}

/* ---- bytes a second ---- */

static void net_pay_one(struct agent *agent, u64 bytes)
{
	struct agent_quota *quota = &agent->quota[AGENT_QUOTA_NET];
	u64 now = ktime_get_ns();
	unsigned long flags;

	spin_lock_irqsave(&agent->lock, flags);
	if (quota->limit && quota->limit != AGENT_QUOTA_UNLIMITED)
		agent->net_next_ns = max(agent->net_next_ns, now) +
				     mul_u64_u64_div_u64(bytes, NSEC_PER_SEC, quota->limit);
	spin_unlock_irqrestore(&agent->lock, flags);
}

static void net_pay(struct agent *agent, u64 bytes)
{
	for (; agent->parent; agent = agent->parent)
		if (READ_ONCE(agent->quota[AGENT_QUOTA_NET].limit) != AGENT_QUOTA_UNLIMITED)
			net_pay_one(agent, bytes);
}

/* An agent that may send nothing is never out of debt. */
static u64 net_debt_ns(const struct agent *agent)
{
	u64 limit = READ_ONCE(agent->quota[AGENT_QUOTA_NET].limit);

	if (limit == AGENT_QUOTA_UNLIMITED)
		return 0;
	return limit ? READ_ONCE(agent->net_next_ns) : U64_MAX;
}

/* When the last of the debts is paid, and whose that is. */
static u64 net_paid_ns(const struct agent *agent, struct agent **debtor)
{
	u64 last = 0, next;

	for (; agent->parent; agent = agent->parent) {
		next = net_debt_ns(agent);
		if (next <= last)
			continue;
		last = next;
		*debtor = (struct agent *)agent;
	}
	return last;
}

static void net_stalled(struct agent *agent)
{
	unsigned long flags;

	spin_lock_irqsave(&agent->lock, flags);
	agent->quota[AGENT_QUOTA_NET].stalls++;
	spin_unlock_irqrestore(&agent->lock, flags);
	agent_quota_over(agent, AGENT_QUOTA_NET, false);
}

/**
 * agent_net_wait() - wait until an agent has paid for what it sent and received
 * @agent: current's
 *
 * Whoever asked not to wait waits too, as a task does that has used up its CPU time: to
 * be told to try again it would burn that instead.
 *
 * Context: may sleep.
 * Return: 0; -ERESTARTSYS for a signal.
 */
int agent_net_wait(struct agent *agent)
{
	struct agent *debtor = agent;
	bool told = false;
	ktime_t until;
	u64 paid;

	for (;;) {
		paid = net_paid_ns(agent, &debtor);
		if (!paid || paid <= ktime_get_ns() + NET_CREDIT_NS)
			return 0;
		if (signal_pending(current))
			return -ERESTARTSYS;
		if (!told)
			net_stalled(debtor);
		told = true;
		/* A limit may be set anew meanwhile. */
		until = min_t(u64, paid - NET_CREDIT_NS, ktime_get_ns() + NSEC_PER_SEC);
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_hrtimeout(&until, HRTIMER_MODE_ABS);
	}
}

static bool net_limited(const struct agent *agent)
{
	for (; agent; agent = agent->parent)
		if (READ_ONCE(agent->quota[AGENT_QUOTA_NET].limit) != AGENT_QUOTA_UNLIMITED ||
		    READ_ONCE(agent->quota[AGENT_QUOTA_NET_TOTAL].limit) != AGENT_QUOTA_UNLIMITED)
			return true;
	return false;
}

/* Most have no budget, nor has anybody above them: one look, and it is counted. */
static bool net_count_free(struct agent *agent, u64 bytes, bool out)
{
	if (net_limited(agent))
		return false;
	for (; agent; agent = agent->parent)
		net_add(agent, bytes, out);
	return true;
}

static int net_count(struct agent *agent, u64 bytes, bool out)
{
	int err = net_take(agent, bytes, out);

	if (err)
		agent_quota_over(agent, AGENT_QUOTA_NET_TOTAL, true);
	else
		net_pay(agent, bytes);
	return err;
}

/**
 * agent_net_send() - count what an agent is about to send
 * @agent: current's
 * @bytes: what it asked for; what is not sent after all was counted
 *
 * Context: may sleep.
 * Return: 0; -EDQUOT if it has sent and received all that it may; -ERESTARTSYS.
 */
int agent_net_send(struct agent *agent, u64 bytes)
{
	if (net_count_free(agent, bytes, true))
		return 0;
	return agent_net_wait(agent) ?: net_count(agent, bytes, true);
}

/**
 * agent_net_arrived() - count what has arrived at an agent's socket
 * @agent: whose it is
 * @bytes: of the packet
 *
 * Context: any.
 * Return: 0, or -EDQUOT: nobody gets to see it.
 */
int agent_net_arrived(struct agent *agent, u32 bytes)
{
	struct agent *debtor;
	u64 paid;

	if (net_count_free(agent, bytes, false))
		return 0;
	paid = net_paid_ns(agent, &debtor);
	if (paid && paid > ktime_get_ns() + NET_DROP_NS)
		return -EDQUOT;
	return net_count(agent, bytes, false);
}
