/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a chain begins: what its BOOT record is about.
 */
#ifndef _AUDIT_COCONUT_OPENING_H
#define _AUDIT_COCONUT_OPENING_H

#include <linux/stddef.h>
#include <linux/types.h>
#include <crypto/ed25519.h>

/**
 * struct audit_opening - the object of the BOOT record
 * @seal_key: public key of epoch 0
 * @attest_key: public key of attestations
 * @counter: of the TPM, big-endian
 * @anchor: public key of the TPM's root
 * @signature: by it, over AUDIT_OPENING_CONTEXT, the boot id, and all before
 *
 * The record has the keys; those and the counter; or all of it.
 */
struct audit_opening {
	u8 seal_key[ED25519_PUBLIC_SIZE];
	u8 attest_key[ED25519_PUBLIC_SIZE];
	u8 counter[8];
	u8 anchor[ED25519_PUBLIC_SIZE];
	u8 signature[ED25519_SIGNATURE_SIZE];
};

#define AUDIT_OPENING_KEYS	offsetof(struct audit_opening, counter)
#define AUDIT_OPENING_COUNTED	offsetof(struct audit_opening, anchor)
#define AUDIT_OPENING_SIGNED	offsetof(struct audit_opening, signature)
#define AUDIT_OPENING_ANCHORED	sizeof(struct audit_opening)

#define AUDIT_OPENING_CONTEXT	"coconut-os 2026 boot anchor"

#endif /* _AUDIT_COCONUT_OPENING_H */
