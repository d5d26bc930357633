/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Merkle tree of an epoch, grown leaf by leaf.
 */
#ifndef _AUDIT_COCONUT_MERKLE_H
#define _AUDIT_COCONUT_MERKLE_H

#include <linux/types.h>
#include <crypto/blake3.h>

#define AUDIT_MERKLE_LEVELS	16	/* up to 65535 leaves: an epoch has fewer */
#define AUDIT_MERKLE_LEAF	0x00	/* leaf = BLAKE3(0x00 || bytes) */
#define AUDIT_MERKLE_NODE	0x01	/* node = BLAKE3(0x01 || left || right) */

/**
 * struct audit_merkle - what is left to join
 * @count: leaves so far; its set bits say which of @peaks are in use
 * @peaks: roots of the perfect trees, @peaks[n] over 2^n leaves
 */
struct audit_merkle {
	u32 count;
	u8 peaks[AUDIT_MERKLE_LEVELS][BLAKE3_OUT_SIZE];
};

void audit_merkle_init(struct audit_merkle *tree);
void audit_merkle_add(struct audit_merkle *tree, const u8 leaf[BLAKE3_OUT_SIZE]);
void audit_merkle_root(const struct audit_merkle *tree, u8 root[BLAKE3_OUT_SIZE]);

#endif /* _AUDIT_COCONUT_MERKLE_H */
