/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each agent holds of rings and log, so that one cannot starve the others.
 */
#ifndef _AUDIT_COCONUT_SHARE_H
#define _AUDIT_COCONUT_SHARE_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/hash.h>
#include <linux/wait.h>

#define AUDIT_SHARE_BITS	6
#define AUDIT_SHARE_PART	4	/* an agent may hold one part in so many */

/**
 * struct audit_bucket - agents whose AIDs hash alike
 * @ring: records in rings
 * @log: bytes in the log that nobody has persisted
 */
struct audit_bucket {
	atomic_t ring;
	atomic_long_t log;
} ____cacheline_aligned_in_smp;

/**
 * struct audit_share - all agents
 * @wait: producers without room; woken by the sealer and by acknowledgements
 * @waits: how often one had to wait
 * @ring_max: records, for one bucket; constant
 * @log_max: bytes, for one bucket; constant
 * @buckets: by hash, not by agent: an append allocates nothing
 */
struct audit_share {
	wait_queue_head_t wait;
	atomic64_t waits;
	unsigned int ring_max;
	long log_max;
	struct audit_bucket buckets[1 << AUDIT_SHARE_BITS];
};

static inline struct audit_bucket *audit_share_bucket(struct audit_share *share, u64 aid)
{
	return &share->buckets[hash_64(aid, AUDIT_SHARE_BITS)];
}

#endif /* _AUDIT_COCONUT_SHARE_H */
