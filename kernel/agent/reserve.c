// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations: a broker sets units aside before it knows how many it will use,
 * and settles afterwards. One that is never settled ends by itself.
 */

#include <linux/agent.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "quota.h"
#include "state.h"

#define RESERVATIONS_MAX	1024	/* of one agent: memory, not policy */

/**
 * struct reservation - units set aside
 * @link: in agent->reservations; agent->lock. Whoever takes it off answers for the units
 * @expires: in jiffies
 * @by: the AID that reserved, which alone may settle: else an agent could settle
 *	with nothing what its broker reserved
 * @id: unique in this boot
 * @amount: units
 * @kind: enum agent_quota_kind
 */
struct reservation {
	struct list_head link;
	unsigned long expires;
	u64 by;
	u64 id;
	u64 amount;
	u32 kind;
};

static atomic64_t reservation_last = ATOMIC64_INIT(0);

static void reservation_unblock(struct agent *agent, const char *why)
{
	if (READ_ONCE(agent->state) == AGENT_STATE_INFERENCE_BLOCKED)
		agent_transition(agent, AGENT_STATE_ACTIVE, why);
}

/* ---- the end of those that nobody settles ---- */

/*
 * One timer for all of an agent's, set for the first of them: most are settled long before,
 * and need none. What is queued holds a reference. Under agent->lock.
 */
static void reservation_arm(struct agent *agent, unsigned long expires)
{
	struct delayed_work *work = &agent->reservation_work;
	unsigned long now = jiffies;

	if (delayed_work_pending(work) && !time_before(expires, work->timer.expires))
		return;
	if (!mod_delayed_work(system_wq, work, time_after(expires, now) ? expires - now : 0))
		agent_get(agent);
}

/* Under agent->lock: moves those whose time is over, and waits for the next. */
static void reservation_reap(struct agent *agent, struct list_head *over)
{
	struct reservation *r, *tmp, *next = NULL;

	list_for_each_entry_safe(r, tmp, &agent->reservations, link) {
		if (time_after_eq(jiffies, r->expires)) {
			list_move_tail(&r->link, over);
			agent->nr_reservations--;
		} else if (!next || time_before(r->expires, next->expires)) {
			next = r;
		}
	}
	if (next)
		reservation_arm(agent, next->expires);
}

static void reservation_give_back(struct agent *agent, struct list_head *over)
{
	struct reservation *r, *tmp;

	list_for_each_entry_safe(r, tmp, over, link) {
		agent_quota_release(agent, r->kind, r->amount, 0);
		kfree(r);
	}
}

/**
 * agent_reservation_work() - give back what was reserved and is not settled in time
 * @work: of the agent, which it holds
 *
 * Context: may sleep.
 */
void agent_reservation_work(struct work_struct *work)
{
	struct agent *agent = container_of(to_delayed_work(work), struct agent,
					   reservation_work);
	unsigned long flags;
	LIST_HEAD(over);

	spin_lock_irqsave(&agent->lock, flags);
	reservation_reap(agent, &over);
	spin_unlock_irqrestore(&agent->lock, flags);
	if (!list_empty(&over)) {
		reservation_give_back(agent, &over);
		reservation_unblock(agent, "reservation expired");
	}
	agent_put(agent);
}

/**
 * agent_quota_drop() - end all reservations of an agent that has ended
 * @agent: terminal
 *
 * Context: may sleep.
 */
void agent_quota_drop(struct agent *agent)
{
	unsigned long flags;
	LIST_HEAD(over);

	spin_lock_irqsave(&agent->lock, flags);
	list_splice_init(&agent->reservations, &over);
	agent->nr_reservations = 0;
	spin_unlock_irqrestore(&agent->lock, flags);
	reservation_give_back(agent, &over);
	if (cancel_delayed_work(&agent->reservation_work))
		agent_put(agent);
}

/* ---- reserving ---- */

static struct reservation *reservation_new(u32 kind, u64 amount, u64 lifetime_ns)
{
	struct reservation *r = kmalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);

	if (!r)
		return NULL;
	r->expires = jiffies + nsecs_to_jiffies(lifetime_ns) + 1;
	r->by = agent_aid(agent_current());
	r->id = atomic64_inc_return(&reservation_last);
	r->amount = amount;
	r->kind = kind;
	return r;
}

/* Under the lock under which agent_quota_drop() looks: an ended agent gets no more. */
static int reservation_link(struct agent *agent, struct reservation *r)
{
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&agent->lock, flags);
	if (agent_is_terminal(agent)) {
		err = -ESRCH;
	} else if (agent->nr_reservations >= RESERVATIONS_MAX) {
		err = -EDQUOT;
	} else {
		agent->nr_reservations++;
		list_add_tail(&r->link, &agent->reservations);
		reservation_arm(agent, r->expires);
	}
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
	struct reservation *r = reservation_new(kind, amount, lifetime_ns);
	int err;

	if (!r)
		return -ENOMEM;
	*id = r->id;
	err = reservation_charge(agent, kind, amount);
	if (err)
		goto free;
	err = reservation_link(agent, r);
	if (!err)
		return 0;	/* whoever settles it may have freed it by now */
	agent_quota_release(agent, kind, amount, 0);

free:
	kfree(r);
	return err;
}

/* ---- settling ---- */

static struct reservation *reservation_find(struct agent *agent, u32 kind, u64 id)
{
	u64 by = agent_aid(agent_current());
	struct reservation *r, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&agent->lock, flags);
	list_for_each_entry(r, &agent->reservations, link) {
		if (r->id == id && r->kind == kind && r->by == by) {
			list_del(&r->link);
			agent->nr_reservations--;
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
	kfree(r);
	/* A use is a negative release; in one step, so that nobody takes the room between. */
	agent_quota_release(agent, kind, amount, -min(used, amount));
	if (used > amount)
		err = reservation_excess(agent, kind, used - amount);
	reservation_unblock(agent, "reservation settled");
	return err;
}
