/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The evolving key of a CPU.
 */
#ifndef _AUDIT_COCONUT_MAC_H
#define _AUDIT_COCONUT_MAC_H

#include "record.h"

/**
 * struct audit_mac_key - what the next record of a CPU is authenticated with
 * @key: replaced by its own derivation after each use; owned by its CPU with
 *	interrupts off
 *
 * Who takes the machine over finds the key of the records to come, and none
 * that was used: what stands in the ring and in the log cannot be rewritten.
 */
struct audit_mac_key {
	u8 key[BLAKE3_KEY_SIZE];
};

void audit_mac_init(struct audit_mac_key *key, const u8 seed[BLAKE3_KEY_SIZE],
		    const u8 boot_id[AUDIT_BOOT_ID_SIZE], u32 cpu);
void audit_mac_record(struct audit_mac_key *key, struct audit_record *rec,
		      const u8 boot_id[AUDIT_BOOT_ID_SIZE]);

#endif /* _AUDIT_COCONUT_MAC_H */
