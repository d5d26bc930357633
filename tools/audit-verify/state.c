// SPDX-License-Identifier: GPL-2.0
/*
 * What the records of an epoch add up to: head, tree, keys of the CPUs.
 */

#include <err.h>
#include <stdlib.h>
#include <linux/string.h>

#include "state.h"

/* ---- keys ---- */

/**
 * mac_keys_init - keys of a boot of which no record was seen
 * @keys: written; of an earlier boot its memory is used again
 * @seed: of the boot
 */
void mac_keys_init(struct mac_keys *keys, const u8 seed[BLAKE3_KEY_SIZE])
{
	memcpy(keys->seed, seed, sizeof(keys->seed));
	if (!keys->size) {
		keys->size = 64;
		keys->keys = calloc(keys->size, sizeof(*keys->keys));
		if (!keys->keys)
			err(1, "keys");
	}
	memset(keys->keys, 0, keys->size * sizeof(*keys->keys));
	keys->nr = 0;
}

/**
 * mac_keys_free - give their memory back
 * @keys: also of a boot that had no seed
 */
void mac_keys_free(struct mac_keys *keys)
{
	free(keys->keys);
}

static struct cpu_key *place(struct cpu_key *keys, size_t size, u32 cpu)
{
	size_t at = cpu & (size - 1);

	while (keys[at].used && keys[at].cpu != cpu)
		at = (at + 1) & (size - 1);
	return &keys[at];
}

static void grow(struct mac_keys *keys)
{
	struct cpu_key *more = calloc(2 * keys->size, sizeof(*more));
	size_t i;

	if (!more)
		err(1, "keys");
	for (i = 0; i < keys->size; i++)
		if (keys->keys[i].used)
			*place(more, 2 * keys->size, keys->keys[i].cpu) = keys->keys[i];
	free(keys->keys);
	keys->keys = more;
	keys->size *= 2;
}

/**
 * mac_keys_check - is this the MAC of the next record of its CPU?
 * @keys: moved on
 * @rec: as it was read
 * @boot: of its boot
 *
 * Return: whether it is.
 */
bool mac_keys_check(struct mac_keys *keys, const struct audit_record *rec,
		    const u8 boot[AUDIT_BOOT_ID_SIZE])
{
	struct audit_record copy = *rec;
	struct cpu_key *key;

	if (2 * keys->nr >= keys->size)
		grow(keys);
	key = place(keys->keys, keys->size, rec->cpu);
	if (!key->used) {
		key->used = true;
		key->cpu = rec->cpu;
		keys->nr++;
		audit_mac_init(&key->key, keys->seed, boot, rec->cpu);
	}
	audit_mac_record(&key->key, &copy, boot);
	return !memcmp(copy.mac, rec->mac, sizeof(copy.mac));
}

/* ---- head and tree ---- */

/**
 * hashes_init - before the first record
 * @hashes: written
 */
void hashes_init(struct hashes *hashes)
{
	memset(hashes, 0, sizeof(*hashes));
	hashes->leaves = calloc(EPOCH_MAX, sizeof(*hashes->leaves));
	if (!hashes->leaves)
		err(1, "tree");
}

/**
 * hashes_free - give their memory back
 * @hashes: no longer used
 */
void hashes_free(struct hashes *hashes)
{
	free(hashes->leaves);
}

static void hash_waiting(struct hashes *hashes)
{
	unsigned int nr = hashes->waiting.nr;

	lanes_hash(&hashes->waiting, hashes->leaves + hashes->nr);
	hashes->nr += nr;
}

/**
 * hashes_add - take another record
 * @hashes: of fewer than EPOCH_MAX records
 * @bytes: its CBOR
 * @len: of @bytes
 */
void hashes_add(struct hashes *hashes, const u8 *bytes, size_t len)
{
	struct lanes *waiting = &hashes->waiting;
	u8 *leaf = waiting->data[waiting->nr];
	u8 linked[BLAKE3_OUT_SIZE + AUDIT_RECORD_CBOR_MAX];

	memcpy(linked, hashes->head, BLAKE3_OUT_SIZE);
	memcpy(linked + BLAKE3_OUT_SIZE, bytes, len);
	blake3(linked, BLAKE3_OUT_SIZE + len, hashes->head);

	leaf[0] = AUDIT_MERKLE_LEAF;
	memcpy(leaf + 1, bytes, len);
	waiting->len[waiting->nr++] = 1 + len;
	if (waiting->nr == LANES)
		hash_waiting(hashes);
}

/* A level of the tree in the place of the one beneath; who has no partner moves up. */
static void climb(struct hashes *hashes)
{
	struct lanes *pairs = &hashes->waiting;
	size_t from, to = 0;

	for (from = 0; from + 1 < hashes->nr; from += 2) {
		u8 *node = pairs->data[pairs->nr];

		node[0] = AUDIT_MERKLE_NODE;
		memcpy(node + 1, hashes->leaves[from], 2 * BLAKE3_OUT_SIZE);
		pairs->len[pairs->nr++] = 1 + 2 * BLAKE3_OUT_SIZE;
		if (pairs->nr == LANES || from + 3 >= hashes->nr) {
			unsigned int nr = pairs->nr;

			lanes_hash(pairs, hashes->leaves + to);
			to += nr;
		}
	}
	if (from < hashes->nr)
		memcpy(hashes->leaves[to++], hashes->leaves[from], BLAKE3_OUT_SIZE);
	hashes->nr = to;
}

/**
 * hashes_root - close an epoch
 * @hashes: begins with the next
 * @root: of the tree over its records; zeros where there are none
 */
void hashes_root(struct hashes *hashes, u8 root[BLAKE3_OUT_SIZE])
{
	if (hashes->waiting.nr)
		hash_waiting(hashes);
	while (hashes->nr > 1)
		climb(hashes);
	memset(root, 0, BLAKE3_OUT_SIZE);
	if (hashes->nr)
		memcpy(root, hashes->leaves[0], BLAKE3_OUT_SIZE);
	hashes->nr = 0;
}
