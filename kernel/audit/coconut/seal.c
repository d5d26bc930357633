// SPDX-License-Identifier: GPL-2.0
/*
 * The evolving key of the epochs.
 *
 * Each seal names the public key of the next, and the key that signed it is then
 * erased: who takes the machine over can sign the epochs to come and none before.
 */

#include <linux/random.h>
#include <linux/string.h>

#include "seal.h"

/**
 * audit_seal_key_draw - a new key
 * @key: where to
 */
void audit_seal_key_draw(struct audit_seal_key *key)
{
	get_random_bytes(key->seed, sizeof(key->seed));
	ed25519_public_key(key->public, key->seed);
}

/**
 * audit_seal_sign - sign a seal and forget the key
 * @seal: complete but for @next and @sig, which are written
 * @key: of this epoch; holds that of the next afterwards
 * @final: there is no next epoch
 *
 * Context: process.
 */
void audit_seal_sign(struct audit_seal *seal, struct audit_seal_key *key, bool final)
{
	struct audit_seal_key next = {};
	char line[AUDIT_SEAL_LINE_MAX];
	struct ed25519_part part = { .data = line };

	if (!final)
		audit_seal_key_draw(&next);
	memcpy(seal->next, next.public, sizeof(seal->next));
	part.len = audit_line_seal_signed(seal, line);
	ed25519_sign(seal->sig, key->seed, key->public, &part, 1);

	memcpy(key, &next, sizeof(*key));
	memzero_explicit(&next, sizeof(next));
}
