/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ed25519 signatures (RFC 8032), pure EdDSA without a context.
 */
#ifndef _CRYPTO_ED25519_H
#define _CRYPTO_ED25519_H

#include <linux/types.h>

#define ED25519_SEED_SIZE	32
#define ED25519_PUBLIC_SIZE	32
#define ED25519_SIGNATURE_SIZE	64

/* A message in up to a few parts, so that callers need not join them. */
struct ed25519_part {
	const void *data;
	size_t len;
};

void ed25519_public_key(u8 public[ED25519_PUBLIC_SIZE],
			const u8 seed[ED25519_SEED_SIZE]);
void ed25519_sign(u8 signature[ED25519_SIGNATURE_SIZE],
		  const u8 seed[ED25519_SEED_SIZE],
		  const u8 public[ED25519_PUBLIC_SIZE],
		  const struct ed25519_part *parts, unsigned int nr_parts);
int ed25519_verify(const u8 signature[ED25519_SIGNATURE_SIZE],
		   const u8 public[ED25519_PUBLIC_SIZE],
		   const struct ed25519_part *parts, unsigned int nr_parts);

#endif /* _CRYPTO_ED25519_H */
