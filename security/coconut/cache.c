// SPDX-License-Identifier: GPL-2.0
/*
 * Cached decisions about open objects.
 *
 * Readers take no lock and write nothing, so that a file shared by many tasks
 * stays as cheap as before. A decision is several words, and one torn between
 * two agents would lend the rights of one to the other: hence the sequence.
 * A writer that meets another gives up, and the next use decides again.
 *
 * An operation that overlaps a revoke may still be let through by the decision
 * before it; the one that starts after agent->stamp has changed may not.
 */
#include <linux/agent.h>
#include <linux/atomic.h>

#include "cache.h"

/**
 * coconut_cache_covers() - Was all of this decided for this agent, in this epoch?
 * @cache: the object's cache
 * @agent: who acts
 * @object: which peer; 0 where there is one only
 * @need: rights; all of them must be there
 *
 * Context: Any.
 * Return: True if no new decision is needed.
 */
bool coconut_cache_covers(const struct coconut_cache *cache,
			  const struct agent *agent, u64 object, u64 need)
{
	unsigned int seq = smp_load_acquire(&cache->seq);	/* before the fields */
	bool covers;

	if (seq & 1)
		return false;
	covers = READ_ONCE(cache->stamp) == atomic64_read(&agent->stamp) &&
		 READ_ONCE(cache->object) == object &&
		 (READ_ONCE(cache->rights) & need) == need;
	smp_rmb();	/* the fields before the second look at the sequence */
	return covers && READ_ONCE(cache->seq) == seq;
}

/**
 * coconut_cache_store() - Remember a decision
 * @cache: the object's cache
 * @stamp: of the agent that acted, read before it was decided
 * @object: which peer; 0 where there is one only
 * @rights: what it was found to hold
 *
 * Context: Any.
 */
void coconut_cache_store(struct coconut_cache *cache, u64 stamp, u64 object, u64 rights)
{
	unsigned int seq = READ_ONCE(cache->seq);

	if ((seq & 1) || cmpxchg(&cache->seq, seq, seq + 1) != seq)
		return;
	WRITE_ONCE(cache->stamp, stamp);
	WRITE_ONCE(cache->object, object);
	WRITE_ONCE(cache->rights, rights);
	smp_store_release(&cache->seq, seq + 2);	/* after the fields */
}
