// SPDX-License-Identifier: GPL-2.0
/*
 * Holding back producers where records come faster than they can be kept.
 *
 * Each agent has its share, of the rings and of the log that waits to be
 * persisted. Who has used it up waits; the others go on until the whole is nearly
 * full. Records themselves are never refused here.
 */

#include <linux/jiffies.h>
#include <linux/sched.h>

#include "chain.h"

/*
 * The boot agent is never stopped for long: the persister for which all wait is
 * one of its tasks, and may have to make a record to go on.
 */
#define BOOT_AGENT_WAIT		(HZ / 10)

static bool ring_has_room(struct audit_chain *chain, u64 aid)
{
	struct audit_share *share = &chain->share;

	/* Any CPU's ring would do; this one's is where the record likely goes. */
	if (audit_ring_above_mark(raw_cpu_ptr(chain->rings)))
		return false;
	return !aid ||
	       atomic_read(&audit_share_bucket(share, aid)->ring) < share->ring_max;
}

static bool log_has_room(struct audit_chain *chain, u64 aid)
{
	struct audit_share *share = &chain->share;
	const struct audit_log *log = &chain->log;

	if (!audit_log_held(log))
		return true;
	if (atomic_long_read(&log->unpersisted) >= log->cap - log->cap / 8)
		return false;
	return !aid ||
	       atomic_long_read(&audit_share_bucket(share, aid)->log) < share->log_max;
}

static bool chain_has_room(struct audit_chain *chain, u64 aid)
{
	/*
	 * After the final seal no agent acts any more: its records would be sealed by
	 * nobody. The boot agent goes on, to end the others and the system.
	 */
	if (READ_ONCE(chain->sealer.closed))
		return !aid;
	return ring_has_room(chain, aid) && log_has_room(chain, aid);
}

static void throttle_wait(struct audit_chain *chain, u64 aid)
{
	struct audit_share *share = &chain->share;

	atomic64_inc(&share->waits);
	audit_sealer_wake(chain);
	if (aid)
		wait_event_killable(share->wait, chain_has_room(chain, aid));
	else
		wait_event_killable_timeout(share->wait, chain_has_room(chain, aid),
					    BOOT_AGENT_WAIT);
}

/**
 * audit_chain_hold_back - wait until an agent may make records
 * @chain: the chain
 * @aid: the agent
 *
 * Returns early to a task that is being killed: its last records draw on the reserve.
 *
 * Context: process, may sleep.
 */
void audit_chain_hold_back(struct audit_chain *chain, u64 aid)
{
	might_sleep();
	/* Pairs with the release in audit_chain_init(). */
	if (unlikely(!smp_load_acquire(&chain->open)))
		return;
	if (unlikely(!chain_has_room(chain, aid)))
		throttle_wait(chain, aid);
}

/**
 * audit_chain_let_go - look again who may go on
 * @chain: the chain
 *
 * Context: process.
 */
void audit_chain_let_go(struct audit_chain *chain)
{
	if (wq_has_sleeper(&chain->share.wait))
		wake_up_all(&chain->share.wait);
}
