/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lines of chain.log: canonical JSON, one record or one seal each.
 */
#ifndef _AUDIT_COCONUT_LINE_H
#define _AUDIT_COCONUT_LINE_H

#include <crypto/ed25519.h>

#include "record.h"

/*
 * The longest line: 6 characters for each byte of the object; keys, digits and
 * hexadecimal together stay far below the rest.
 */
#define AUDIT_LINE_MAX		(512 + 6 * AUDIT_CHAIN_OBJECT_MAX)
#define AUDIT_SEAL_LINE_MAX	512

/**
 * struct audit_seal - what closes an epoch
 * @epoch: its number, from 0
 * @first: its first record
 * @last: its last; @first - 1 where it is empty
 * @count: its records
 * @root: of their Merkle tree
 * @head: of the chain after @last
 * @next: public key of the epoch to come; zeros: there is none
 * @sig: over the line up to @next
 */
struct audit_seal {
	u64 epoch;
	u64 first;
	u64 last;
	u64 count;
	u8 root[BLAKE3_OUT_SIZE];
	u8 head[BLAKE3_OUT_SIZE];
	u8 next[ED25519_PUBLIC_SIZE];
	u8 sig[ED25519_SIGNATURE_SIZE];
};

size_t audit_line_record(const struct audit_record *rec,
			 const u8 boot_id[AUDIT_BOOT_ID_SIZE], char buf[AUDIT_LINE_MAX]);
size_t audit_line_record_len(const struct audit_record *rec);
size_t audit_line_seal(const struct audit_seal *seal, char buf[AUDIT_SEAL_LINE_MAX]);
size_t audit_line_seal_signed(const struct audit_seal *seal, char buf[AUDIT_SEAL_LINE_MAX]);
size_t audit_line_seal_len(const struct audit_seal *seal);

#endif /* _AUDIT_COCONUT_LINE_H */
