/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the records of an epoch add up to.
 */
#ifndef _AUDIT_VERIFY_STATE_H
#define _AUDIT_VERIFY_STATE_H

#include "lanes.h"
#include "mac.h"
#include "merkle.h"

/* One less than the leaves that the kernel's tree has room for. */
#define EPOCH_MAX	65535

/**
 * struct cpu_key - the key of a CPU
 * @used: this place is taken
 * @cpu: its number
 * @key: of its next record
 */
struct cpu_key {
	bool used;
	u32 cpu;
	struct audit_mac_key key;
};

/**
 * struct mac_keys - the keys of a boot
 * @seed: that they come from
 * @keys: by CPU, open addressing
 * @size: of @keys, a power of two
 * @nr: places taken
 */
struct mac_keys {
	u8 seed[BLAKE3_KEY_SIZE];
	struct cpu_key *keys;
	size_t size;
	size_t nr;
};

/**
 * struct hashes - head and tree as the records come
 * @head: of the chain
 * @waiting: leaves whose hashes are not made yet
 * @leaves: hashes of the others, for the tree
 * @nr: of @leaves
 */
struct hashes {
	u8 head[BLAKE3_OUT_SIZE];
	struct lanes waiting;
	u8 (*leaves)[BLAKE3_OUT_SIZE];
	size_t nr;
};

void mac_keys_free(struct mac_keys *keys);
void mac_keys_init(struct mac_keys *keys, const u8 seed[BLAKE3_KEY_SIZE]);
bool mac_keys_check(struct mac_keys *keys, const struct audit_record *rec,
		    const u8 boot[AUDIT_BOOT_ID_SIZE]);
void hashes_free(struct hashes *hashes);
void hashes_init(struct hashes *hashes);
void hashes_add(struct hashes *hashes, const u8 *bytes, size_t len);
void hashes_root(struct hashes *hashes, u8 root[BLAKE3_OUT_SIZE]);

#endif /* _AUDIT_VERIFY_STATE_H */
