// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of a CPU: from the acting CPU to the sealer.
 *
 * One writer, which is the CPU itself with interrupts off, so that neither a
 * migration nor an interrupt can come between its steps; one reader, the sealer.
 * That needs no lock and no read-modify-write: each side publishes its own index
 * with a release store, and reads the other's with an acquire load.
 */

#include <linux/mm.h>
#include <linux/slab.h>

#include "ring.h"

/* A bound on what an unthrottled flood may take of the system's memory. */
#define SPILL_MAX	32768

/**
 * audit_ring_init - allocate the slots of a ring
 * @ring: zeroed
 * @size: slots, a power of two, at least 16
 * @node: memory node of the CPU
 *
 * Return: 0 or -ENOMEM.
 */
int audit_ring_init(struct audit_ring *ring, u32 size, int node)
{
	ring->slots = kvcalloc_node(size, sizeof(*ring->slots), GFP_KERNEL, node);
	if (!ring->slots)
		return -ENOMEM;
	ring->size = size;
	ring->reserve = size / 8;
	init_llist_head(&ring->spilled);
	return 0;
}

/**
 * audit_ring_free - free slots and what was spilled
 * @ring: without writers and reader; may be a zeroed one
 */
void audit_ring_free(struct audit_ring *ring)
{
	const struct audit_record *rec;

	while (ring->slots && (rec = audit_ring_peek(ring)))
		audit_ring_pop(ring, rec);
	kvfree(ring->slots);
	ring->slots = NULL;
}

static u32 ring_used_by_writer(const struct audit_ring *ring)
{
	/*
	 * Acquire pairs with the release in audit_ring_pop(): a slot is written
	 * anew only after the sealer has read it.
	 */
	return ring->head - smp_load_acquire(&ring->tail);
}

/*
 * The sealer is behind, and the writer may not wait. No __GFP_KSWAPD_RECLAIM:
 * kswapd's wake-up takes a run queue lock, which the caller may hold.
 */
static struct audit_record *ring_spill(struct audit_ring *ring)
{
	struct audit_spill *spill = NULL;

	if (atomic_read(&ring->nr_spilled) < SPILL_MAX)
		spill = kmalloc(sizeof(*spill), __GFP_HIGH | __GFP_NOWARN);
	if (!spill) {
		WRITE_ONCE(ring->lost, ring->lost + 1);
		return NULL;
	}
	atomic_inc(&ring->nr_spilled);
	return &spill->rec;
}

static bool ring_owns(const struct audit_ring *ring, const struct audit_record *rec)
{
	return rec >= ring->slots && rec < ring->slots + ring->size;
}

/**
 * audit_ring_reserve - find room for a record
 * @ring: of this CPU
 *
 * To be asked before a sequence number is taken: one that was taken and then
 * given up would be a hole in the chain.
 *
 * Context: any but NMI, interrupts off.
 * Return: what audit_ring_publish() is to be given, or NULL: the record is lost, and counted.
 */
struct audit_record *audit_ring_reserve(struct audit_ring *ring)
{
	u32 used = ring_used_by_writer(ring);

	if (used >= ring->size - ring->reserve)
		WRITE_ONCE(ring->reserve_used, ring->reserve_used + 1);
	if (unlikely(used == ring->size))
		return ring_spill(ring);
	return &ring->slots[ring->head & (ring->size - 1)];
}

/**
 * audit_ring_publish - let the sealer see a record
 * @ring: of this CPU
 * @rec: from audit_ring_reserve(), written
 *
 * Context: any but NMI, interrupts off since audit_ring_reserve().
 */
void audit_ring_publish(struct audit_ring *ring, struct audit_record *rec)
{
	if (likely(ring_owns(ring, rec))) {
		/* Release: whoever sees the new head sees the record and its MAC. */
		smp_store_release(&ring->head, ring->head + 1);
	} else {
		/* llist_add() is a full barrier. */
		llist_add(&container_of(rec, struct audit_spill, rec)->node, &ring->spilled);
	}
}

static const struct audit_record *ring_peek_spill(struct audit_ring *ring)
{
	/* Taken only when the queue is empty: all that is added later is younger. */
	if (!ring->spill_queue && !llist_empty(&ring->spilled))
		ring->spill_queue = llist_reverse_order(llist_del_all(&ring->spilled));
	if (!ring->spill_queue)
		return NULL;
	return &llist_entry(ring->spill_queue, struct audit_spill, node)->rec;
}

static const struct audit_record *ring_peek_slot(const struct audit_ring *ring)
{
	/* Pairs with the release in audit_ring_publish(). */
	if (smp_load_acquire(&ring->head) == ring->tail)
		return NULL;
	return &ring->slots[ring->tail & (ring->size - 1)];
}

/**
 * audit_ring_peek - the oldest record that was not popped
 * @ring: any CPU's
 *
 * Context: the sealer.
 * Return: a record, or NULL where there is none.
 */
const struct audit_record *audit_ring_peek(struct audit_ring *ring)
{
	const struct audit_record *slot = ring_peek_slot(ring);
	const struct audit_record *spill = ring_peek_spill(ring);

	/*
	 * A record spills while the ring is full, and records go to the ring again
	 * after it: the two are each in order, and are merged here.
	 */
	if (slot && spill)
		return slot->seq < spill->seq ? slot : spill;
	return slot ?: spill;
}

/**
 * audit_ring_pop - give up a record
 * @ring: its ring
 * @rec: what audit_ring_peek() returned last
 *
 * Context: the sealer.
 */
void audit_ring_pop(struct audit_ring *ring, const struct audit_record *rec)
{
	struct llist_node *node = ring->spill_queue;

	if (ring_owns(ring, rec)) {
		/* Pairs with the acquire in ring_used_by_writer(). */
		smp_store_release(&ring->tail, ring->tail + 1);
		return;
	}
	ring->spill_queue = node->next;
	kfree(llist_entry(node, struct audit_spill, node));
	atomic_dec(&ring->nr_spilled);
}

/**
 * audit_ring_used - records that wait in a ring
 * @ring: any CPU's
 *
 * Context: any.
 * Return: how many; the figure may be old by the time it is looked at.
 */
u32 audit_ring_used(const struct audit_ring *ring)
{
	/* The tail first: it never overtakes the head that is read after it. */
	u32 tail = smp_load_acquire(&ring->tail);

	return READ_ONCE(ring->head) - tail + atomic_read(&ring->nr_spilled);
}

/**
 * audit_ring_above_mark - is only the reserve left
 * @ring: any CPU's
 *
 * Context: any.
 * Return: whether it is.
 */
bool audit_ring_above_mark(const struct audit_ring *ring)
{
	return audit_ring_used(ring) >= ring->size - ring->reserve;
}
