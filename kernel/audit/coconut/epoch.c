// SPDX-License-Identifier: GPL-2.0
/*
 * The records of an epoch in memory.
 */

#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "epoch.h"

/*
 * An idle system closes an epoch with a record or none each second, a busy one
 * fills it in milliseconds: chunks grow with the epoch.
 */
#define CHUNK_MIN	SZ_1K
#define CHUNK_MAX	SZ_32K
#define CHUNK_GROWTH	4

/**
 * audit_epoch_alloc - a new epoch with a reference
 *
 * Context: process, may sleep.
 * Return: the epoch, zeroed, or NULL.
 */
struct audit_epoch *audit_epoch_alloc(void)
{
	struct audit_epoch *epoch = kzalloc(sizeof(*epoch), GFP_KERNEL);

	if (!epoch)
		return NULL;
	kref_init(&epoch->ref);
	epoch->bytes = sizeof(*epoch);
	return epoch;
}

/**
 * audit_epoch_get - take a reference
 * @epoch: an epoch of which one is held
 *
 * Return: @epoch.
 */
struct audit_epoch *audit_epoch_get(struct audit_epoch *epoch)
{
	kref_get(&epoch->ref);
	return epoch;
}

static void epoch_release(struct kref *ref)
{
	struct audit_epoch *epoch = container_of(ref, struct audit_epoch, ref);
	struct audit_chunk *chunk, *next;

	for (chunk = epoch->chunks; chunk; chunk = next) {
		next = chunk->next;
		kfree(chunk);
	}
	kfree(epoch);
}

/**
 * audit_epoch_put - drop a reference
 * @epoch: an epoch or NULL
 */
void audit_epoch_put(struct audit_epoch *epoch)
{
	if (epoch)
		kref_put(&epoch->ref, epoch_release);
}

static size_t chunk_bytes(const struct audit_chunk *youngest)
{
	if (!youngest)
		return CHUNK_MIN;
	return min((sizeof(*youngest) + youngest->size) * CHUNK_GROWTH, (size_t)CHUNK_MAX);
}

static struct audit_chunk *epoch_grow(struct audit_epoch *epoch, u64 seq, u64 text_pos)
{
	size_t bytes = chunk_bytes(epoch->youngest);
	struct audit_chunk *chunk = kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
	struct audit_chunk **slot;

	if (!chunk)
		return NULL;
	chunk->next = NULL;
	chunk->text_pos = text_pos;
	chunk->first = seq;
	chunk->used = 0;
	chunk->size = bytes - sizeof(*chunk);

	slot = epoch->youngest ? &epoch->youngest->next : &epoch->chunks;
	/* Release: a reader that finds the chunk finds its head written. */
	smp_store_release(slot, chunk);
	epoch->youngest = chunk;
	epoch->bytes += bytes;
	return chunk;
}

/**
 * audit_epoch_append - keep a record
 * @epoch: the open epoch
 * @rec: the record
 * @text_pos: where its line begins
 *
 * Context: the sealer, may sleep.
 * Return: the copy, which readers do not look at until the end of the log has
 * passed it; NULL where there is no memory.
 */
struct audit_record *audit_epoch_append(struct audit_epoch *epoch,
					const struct audit_record *rec, u64 text_pos)
{
	struct audit_chunk *chunk = epoch->youngest;
	size_t size = audit_record_size(rec);
	struct audit_record *copy;

	if (!chunk || chunk->size - chunk->used < size) {
		chunk = epoch_grow(epoch, rec->seq, text_pos);
		if (!chunk)
			return NULL;
	}
	copy = (struct audit_record *)(chunk->data + chunk->used);
	memcpy(copy, rec, offsetof(struct audit_record, object) + rec->object_len);
	WRITE_ONCE(chunk->used, chunk->used + size);
	epoch->count++;
	return copy;
}
