// SPDX-License-Identifier: GPL-2.0
/*
 * The figures of a chain.
 */

#include "chain.h"

static u64 chain_reserve_used(const struct audit_chain *chain)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(chain->rings, cpu)->reserve_used);
	return sum;
}

static enum audit_anchored chain_anchored(const struct audit_tpm *tpm)
{
	if (!tpm->chip)
		return AUDIT_ANCHORED_NOT;
	if (READ_ONCE(tpm->lost))
		return AUDIT_ANCHORED_LOST;
	return tpm->anchored ? AUDIT_ANCHORED_ROOT : AUDIT_ANCHORED_PCR;
}

/**
 * audit_chain_figures - read all figures of a chain
 * @chain: the chain
 * @stats: where to
 *
 * recorded comes from the counter of numbers, sealed from counting sealed records
 * one by one: a record that vanished on the way would stay in flight for ever.
 *
 * Context: any.
 */
void audit_chain_figures(struct audit_chain *chain, struct audit_stats *stats)
{
	struct audit_sealer *s = &chain->sealer;

	memset(stats, 0, sizeof(*stats));
	stats->lost = audit_chain_lost(chain);
	/* Pairs with the release in audit_chain_init(). */
	if (!smp_load_acquire(&chain->open))
		return;

	/* Sealed before recorded: no more can be sealed than were recorded then. */
	spin_lock(&s->lock);
	stats->sealed = s->sealed;
	stats->epochs = s->epochs;
	memcpy(stats->head, s->head, sizeof(stats->head));
	stats->recorded = atomic64_read(&chain->seq);
	spin_unlock(&s->lock);

	stats->in_flight = stats->recorded - stats->sealed;
	stats->waits = atomic64_read(&chain->share.waits);
	stats->reserve_used = chain_reserve_used(chain);
	stats->persisted_seq = READ_ONCE(chain->log.persisted_seq);
	stats->oldest_seq = READ_ONCE(chain->log.oldest_seq);
	stats->anchored = chain_anchored(&chain->tpm);
	stats->tpm_counter = chain->tpm.counter;
	stats->tpm_extends = READ_ONCE(chain->tpm.extends);
}
