/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SHA-512 (FIPS 180-4) for Ed25519, in any context.
 */
#ifndef _ED25519_SHA512_H
#define _ED25519_SHA512_H

#include <linux/types.h>

#define ED25519_SHA512_SIZE	64
#define ED25519_SHA512_BLOCK	128

struct ed25519_sha512 {
	u64 h[8];
	u64 len;			/* bytes so far */
	u8 buf[ED25519_SHA512_BLOCK];
};

void ed25519_sha512_init(struct ed25519_sha512 *state);
void ed25519_sha512_update(struct ed25519_sha512 *state, const void *data,
			   size_t len);
/* Wipes the state. */
void ed25519_sha512_final(struct ed25519_sha512 *state,
			  u8 out[ED25519_SHA512_SIZE]);

#endif /* _ED25519_SHA512_H */
