/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The evolving key of the epochs.
 */
#ifndef _AUDIT_COCONUT_SEAL_H
#define _AUDIT_COCONUT_SEAL_H

#include "line.h"

/**
 * struct audit_seal_key - signs one seal
 * @seed: secret; gone when the seal is signed
 * @public: named by the seal before, or by the BOOT record
 */
struct audit_seal_key {
	u8 seed[ED25519_SEED_SIZE];
	u8 public[ED25519_PUBLIC_SIZE];
};

void audit_seal_key_draw(struct audit_seal_key *key);
void audit_seal_sign(struct audit_seal *seal, struct audit_seal_key *key, bool final);

#endif /* _AUDIT_COCONUT_SEAL_H */
