// SPDX-License-Identifier: GPL-2.0
/*
 * The evolving key of a CPU.
 */

#include <linux/string.h>
#include <linux/unaligned.h>

#include "mac.h"

#define KEY_CONTEXT		"coconut-os 2026 audit cpu key"

/* Of "coconut-os 2026 audit key evolution": what hashing it for each record would cost. */
static const struct blake3_context evolution = {
	.words = {
		0x877baeca, 0x89658269, 0x401ca95e, 0x37b42ef9,
		0x32dfb7e8, 0x706856e2, 0x9c635f0e, 0xfb1bdd30,
	},
};

/**
 * audit_mac_init - the first key of a CPU in a boot
 * @key: where to
 * @seed: secret of the boot, which a verifier may be given
 * @boot_id: so that one seed twice would not make one key twice
 * @cpu: its number
 *
 * Context: process; the CPU makes no record yet.
 */
void audit_mac_init(struct audit_mac_key *key, const u8 seed[BLAKE3_KEY_SIZE],
		    const u8 boot_id[AUDIT_BOOT_ID_SIZE], u32 cpu)
{
	u8 material[BLAKE3_KEY_SIZE + AUDIT_BOOT_ID_SIZE + sizeof(cpu)];

	memcpy(material, seed, BLAKE3_KEY_SIZE);
	memcpy(material + BLAKE3_KEY_SIZE, boot_id, AUDIT_BOOT_ID_SIZE);
	put_unaligned_le32(cpu, material + BLAKE3_KEY_SIZE + AUDIT_BOOT_ID_SIZE);
	blake3_derive_key(KEY_CONTEXT, material, sizeof(material), key->key);
	memzero_explicit(material, sizeof(material));
}

static void audit_mac_evolve(struct audit_mac_key *key)
{
	blake3_derive(&evolution, key->key, sizeof(key->key), key->key);
}

/**
 * audit_mac_record - authenticate a record and forget the key that did it
 * @key: of this CPU
 * @rec: complete but for its MAC
 * @boot_id: of this boot
 *
 * Context: any but NMI, interrupts off: the key is this CPU's for the while.
 */
void audit_mac_record(struct audit_mac_key *key, struct audit_record *rec,
		      const u8 boot_id[AUDIT_BOOT_ID_SIZE])
{
	u8 bytes[AUDIT_RECORD_CBOR_MAX];
	size_t len = audit_record_encode(rec, boot_id, bytes);

	blake3_keyed(key->key, bytes, len, rec->mac);
	audit_mac_evolve(key);
}
