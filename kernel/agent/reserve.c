// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations: a broker sets units aside before it knows how many it will use,
 * and settles afterwards. One that is never settled ends by itself.
 */

#include <linux/agent.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "quota.h"
#include "state.h"

#define RESERVATIONS_MAX	1024	/* of one agent: memory, not policy */

/**
 * struct reservation - units set aside
 * @ref: the list's and the work's
 * @link: in agent->reservations; agent->lock. Whoever takes it off answers for the units
 * @expire: ends it
 * @agent: holds a reference
 * @by: the AID that reserved, which alone may settle: else an agent could settle
 *	with nothing what its broker reserved
 * @id: unique in this boot
 * @amount: units
 * @kind: enum agent_quota_kind
 */
struct reservation {
	refcount_t ref;
	struct list_head link;
	struct delayed_work expire;
	struct agent *agent;
	u64 by;
	u64 id;
	u64 amount;
	u32 kind;
};

static atomic64_t reservation_last = ATOMIC64_INIT(0);

static void reservation_put(struct reservation *r)
{
	if (!refcount_dec_and_test(&r->ref))
		return;
	agent_put(r->agent);
	kfree(r);
}

/* Off the list; true for the one caller that did it. */
static bool reservation_take(struct reservation *r)
{
	unsigned long flags;
	bool mine;

	spin_lock_irqsave(&r->agent->lock, flags);
	mine = !list_empty(&r->link);
	list_del_init(&r->link);
	spin_unlock_irqrestore(&r->agent->lock, flags);
	return mine;
}

static void reservation_unblock(struct agent *agent, const char *why)
{
	if (READ_ONCE(agent->state) == AGENT_STATE_INFERENCE_BLOCKED)
		agent_transition(agent, AGENT_STATE_ACTIVE, why);
}

static void reservation_expire(struct work_struct *work)
{
	struct reservation *r = container_of(to_delayed_work(work), struct reservation, expire);

	if (reservation_take(r)) {
		agent_quota_release(r->agent, r->kind, r->amount, 0);
		reservation_unblock(r->agent, "reservation expired");
		reservation_put(r);
	}
	reservation_put(r);
}

/* The caller has taken it off the list and released its units. */
static void reservation_end(struct reservation *r)
{
	if (cancel_delayed_work(&r->expire))
		reservation_put(r);
	reservation_put(r);
}

static struct reservation *reservation_new(struct agent *agent, u32 kind, u64 amount)
{
	struct reservation *r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);

	if (!r)
		return NULL;
	refcount_set(&r->ref, 2);
	INIT_DELAYED_WORK(&r->expire, reservation_expire);
	r->agent = agent_get(agent);
	r->by = agent_aid(agent_current());
	r->id = atomic64_inc_return(&reservation_last);
	r->amount = amount;
	r->kind = kind;
	return r;
}

static void reservation_free(struct reservation *r)
{
	agent_put(r->agent);
	kfree(r);
}

/* Under the lock under which agent_quota_drop() looks: an ended agent gets no more. */
static int reservation_link(struct reservation *r)
{
	struct agent *agent = r->agent;
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&agent->lock, flags);
	if (agent_is_terminal(agent))
		err = -ESRCH;
	else if (list_count_nodes(&agent->reservations) >= RESERVATIONS_MAX)
		err = -EDQUOT;
	else
		list_add_tail(&r->link, &agent->reservations);
	spin_unlock_irqrestore(&agent->lock, flags);
	return err;
}

static int reservation_charge(struct agent *agent, u32 kind, u64 amount)
{
	int err = agent_quota_charge(agent, kind, amount, true);

	if (kind != AGENT_QUOTA_INFERENCE_TOKENS)
		return err;
	if (!err)
		reservation_unblock(agent, "tokens reserved");
	else if (READ_ONCE(agent->state) == AGENT_STATE_ACTIVE)
		agent_transition(agent, AGENT_STATE_INFERENCE_BLOCKED, "out of tokens");
	return err;
}

/**
 * agent_quota_reserve() - set units aside
 * @agent: the agent that will use them
 * @kind: enum agent_quota_kind, an enforced one
 * @amount: units
 * @lifetime_ns: when it ends by itself
 * @id: set to the reservation's
 *
 * Context: may sleep.
 * Return: 0; -EDQUOT if there are too few units left, or 1024 reservations; -ENOMEM;
 * -ESRCH if the agent has ended.
 */
int agent_quota_reserve(struct agent *agent, u32 kind, u64 amount, u64 lifetime_ns, u64 *id)
{
	struct reservation *r = reservation_new(agent, kind, amount);
	int err;

	if (!r)
		return -ENOMEM;
	*id = r->id;
	err = reservation_charge(agent, kind, amount);
	if (err)
		goto free;
	/* Before it can be found: whoever settles it cancels work that is queued. */
	queue_delayed_work(system_wq, &r->expire, nsecs_to_jiffies(lifetime_ns) + 1);
	err = reservation_link(r);
	if (!err)
		return 0;
	agent_quota_release(agent, kind, amount, 0);
	reservation_end(r);
	return err;

free:
	reservation_free(r);
	return err;
}

static struct reservation *reservation_find(struct agent *agent, u32 kind, u64 id)
{
	u64 by = agent_aid(agent_current());
	struct reservation *r, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&agent->lock, flags);
	list_for_each_entry(r, &agent->reservations, link) {
		if (r->id == id && r->kind == kind && r->by == by) {
			list_del_init(&r->link);
			found = r;
			break;
		}
	}
	spin_unlock_irqrestore(&agent->lock, flags);
	return found;
}

/* More was used than reserved: what fits is charged, the rest was over quota. */
static int reservation_excess(struct agent *agent, u32 kind, u64 excess)
{
	u64 part;

	do {
		part = min(excess, agent_quota_room_above(agent, kind));
		if (!part)
			return -EDQUOT;
	} while (agent_quota_charge(agent, kind, part, false));
	return part == excess ? 0 : -EDQUOT;
}

/**
 * agent_quota_settle() - turn a reservation into what was used
 * @agent: the agent
 * @kind: enum agent_quota_kind, as reserved
 * @id: the reservation
 * @used: units that were used; the rest of the reservation is given back
 *
 * Context: may sleep.
 * Return: 0; -ENOENT without such a reservation of the caller's; -EDQUOT if more was used
 * than reserved and the excess does not fit: as much as fits is charged all the same.
 */
int agent_quota_settle(struct agent *agent, u32 kind, u64 id, u64 used)
{
	struct reservation *r = reservation_find(agent, kind, id);
	u64 amount;
	int err = 0;

	if (!r)
		return -ENOENT;
	amount = r->amount;
	reservation_end(r);
	/* A use is a negative release; in one step, so that nobody takes the room between. */
	agent_quota_release(agent, kind, amount, -min(used, amount));
	if (used > amount)
		err = reservation_excess(agent, kind, used - amount);
	reservation_unblock(agent, "reservation settled");
	return err;
}

/**
 * agent_quota_drop() - end all reservations of an agent that has ended
 * @agent: terminal
 *
 * Context: may sleep.
 */
void agent_quota_drop(struct agent *agent)
{
	struct reservation *r;
	unsigned long flags;

	spin_lock_irqsave(&agent->lock, flags);
	while ((r = list_first_entry_or_null(&agent->reservations, struct reservation, link))) {
		list_del_init(&r->link);
		spin_unlock_irqrestore(&agent->lock, flags);
		agent_quota_release(agent, r->kind, r->amount, 0);
		reservation_end(r);
		spin_lock_irqsave(&agent->lock, flags);
	}
	spin_unlock_irqrestore(&agent->lock, flags);
}
