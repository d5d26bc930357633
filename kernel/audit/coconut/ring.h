/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring of a CPU: from the acting CPU to the sealer.
 */
#ifndef _AUDIT_COCONUT_RING_H
#define _AUDIT_COCONUT_RING_H

#include <linux/cache.h>
#include <linux/llist.h>

#include "mac.h"

/**
 * struct audit_spill - a record that found the ring full
 * @node: in &audit_ring.spilled, then in &audit_ring.spill_queue
 * @rec: the record
 */
struct audit_spill {
	struct llist_node node;
	struct audit_record rec;
};

/**
 * struct audit_ring - records of one CPU in the order of their numbers
 * @head: slots written since boot; by this CPU with interrupts off
 * @key: for the next record; as @head
 * @lost: records that neither ring nor memory could take; as @head
 * @reserve_used: records that drew on the reserve; as @head
 * @spilled: newest first; this CPU adds, the sealer takes all
 * @nr_spilled: in @spilled and @spill_queue; both sides
 * @tail: slots read since boot; by the sealer
 * @spill_queue: oldest first; the sealer's alone
 * @slots: @size of them, constant
 * @size: a power of two
 * @reserve: slots that audit_chain_throttle() lets nobody wait into
 */
struct audit_ring {
	u32 head;
	struct audit_mac_key key;
	u64 lost;
	u64 reserve_used;
	struct llist_head spilled;
	atomic_t nr_spilled;

	u32 tail ____cacheline_aligned_in_smp;
	struct llist_node *spill_queue;

	struct audit_record *slots ____cacheline_aligned_in_smp;
	u32 size;
	u32 reserve;
};

int audit_ring_init(struct audit_ring *ring, u32 size, int node);
void audit_ring_free(struct audit_ring *ring);

/* ---- the acting CPU, interrupts off ---- */
struct audit_record *audit_ring_reserve(struct audit_ring *ring);
void audit_ring_publish(struct audit_ring *ring, struct audit_record *rec);

/* ---- the sealer ---- */
const struct audit_record *audit_ring_peek(struct audit_ring *ring);
void audit_ring_pop(struct audit_ring *ring, const struct audit_record *rec);

/* ---- anybody: a moment's figure ---- */
u32 audit_ring_used(const struct audit_ring *ring);
bool audit_ring_above_mark(const struct audit_ring *ring);

#endif /* _AUDIT_COCONUT_RING_H */
