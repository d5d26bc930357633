// SPDX-License-Identifier: GPL-2.0
/*
 * A chain: how it is made, and how a record enters it.
 */

#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/random.h>
#include <linux/topology.h>

#include "chain.h"

static int chain_init_rings(struct audit_chain *chain, u32 slots)
{
	unsigned int cpu;
	int err;

	chain->rings = alloc_percpu(struct audit_ring);
	if (!chain->rings)
		return -ENOMEM;

	/* Possible, not online: a CPU that comes later finds its ring and its key. */
	for_each_possible_cpu(cpu) {
		struct audit_ring *ring = per_cpu_ptr(chain->rings, cpu);

		err = audit_ring_init(ring, slots, cpu_to_node(cpu));
		if (err)
			return err;
		audit_mac_init(&ring->key, chain->seed, chain->boot_id, cpu);
	}
	return 0;
}

static void chain_init_share(struct audit_share *share, const struct audit_config *config)
{
	init_waitqueue_head(&share->wait);
	share->ring_max = config->ring_slots / AUDIT_SHARE_PART;
	share->log_max = config->log_bytes / AUDIT_SHARE_PART;
}

/**
 * audit_chain_init - make a chain that takes records
 * @chain: zeroed
 * @config: how large
 *
 * The sealer is not started: records wait in the rings until it is.
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM; audit_chain_destroy() undoes either.
 */
int audit_chain_init(struct audit_chain *chain, const struct audit_config *config)
{
	int err;

	mutex_init(&chain->seed_lock);
	get_random_bytes(chain->boot_id, sizeof(chain->boot_id));
	get_random_bytes(chain->seed, sizeof(chain->seed));
	chain_init_share(&chain->share, config);
	audit_sealer_init(chain, config);

	err = chain_init_rings(chain, config->ring_slots);
	if (err)
		return err;
	err = audit_log_init(&chain->log, config->log_bytes, config->hold ?: AUDIT_HOLD,
			     &chain->share);
	if (err)
		return err;

	/* Release: who sees the chain open sees its rings and keys. */
	smp_store_release(&chain->open, true);
	return 0;
}

/**
 * audit_chain_destroy - undo audit_chain_init() and the start of the sealer
 * @chain: without users
 */
void audit_chain_destroy(struct audit_chain *chain)
{
	unsigned int cpu;

	audit_sealer_stop(chain);
	if (chain->rings)
		for_each_possible_cpu(cpu)
			audit_ring_free(per_cpu_ptr(chain->rings, cpu));
	free_percpu(chain->rings);
	audit_log_free(&chain->log);
	memzero_explicit(chain->seed, sizeof(chain->seed));
}

static u64 chain_add_here(struct audit_chain *chain, struct audit_ring *ring,
			  const struct audit_entry *entry)
{
	struct audit_record *rec = audit_ring_reserve(ring);
	u64 seq;

	if (unlikely(!rec))
		return 0;
	/*
	 * On this CPU numbers rise in the order of the ring, as nothing can come
	 * between. The sealer waits for each number, and not for long: interrupts
	 * are off until the record is published.
	 */
	seq = atomic64_inc_return(&chain->seq);
	rec->seq = seq;
	audit_record_fill(rec, entry);
	audit_mac_record(&ring->key, rec, chain->boot_id);
	atomic_inc(&audit_share_bucket(&chain->share, entry->aid)->ring);
	audit_ring_publish(ring, rec);
	return seq;
}

/**
 * audit_chain_add - put a record into a chain
 * @chain: the chain
 * @entry: what the caller knows of it
 *
 * When it returns the record is authenticated, and the key that did it is gone.
 *
 * Context: any but NMI. Takes no lock; allocates only where the ring is full.
 * Return: its number, or 0: it is lost, and counted as lost.
 */
u64 audit_chain_add(struct audit_chain *chain, const struct audit_entry *entry)
{
	struct audit_ring *ring;
	unsigned long flags;
	u32 used;
	u64 seq;

	/*
	 * The acquire pairs with the release in audit_chain_init(). An NMI could come
	 * between the steps of the record below it and use its key and its slot.
	 */
	if (unlikely(!smp_load_acquire(&chain->open) || WARN_ON_ONCE(in_nmi()))) {
		atomic64_inc(&chain->unopened);
		return 0;
	}

	local_irq_save(flags);
	ring = this_cpu_ptr(chain->rings);
	seq = chain_add_here(chain, ring, entry);
	used = audit_ring_used(ring);
	local_irq_restore(flags);

	audit_sealer_notice(chain, used, ring->size);
	return seq;
}

/**
 * audit_chain_lost - records that could not be kept
 * @chain: the chain
 *
 * Return: how many since boot.
 */
u64 audit_chain_lost(const struct audit_chain *chain)
{
	u64 lost = atomic64_read(&chain->unopened);
	unsigned int cpu;

	if (!chain->rings)
		return lost;
	for_each_possible_cpu(cpu)
		lost += READ_ONCE(per_cpu_ptr(chain->rings, cpu)->lost);
	return lost;
}

/**
 * audit_chain_crowded - is a ring at its mark
 * @chain: the chain
 *
 * Return: whether one is.
 */
bool audit_chain_crowded(const struct audit_chain *chain)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (audit_ring_above_mark(per_cpu_ptr(chain->rings, cpu)))
			return true;
	return false;
}
